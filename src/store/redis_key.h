/*
 * redis_key.h - what a counter that keeps a record is called in Redis: "footfall:NAMESPACE/KEY".
 */
#ifndef FOOTFALL_STORE_REDIS_KEY_H
#define FOOTFALL_STORE_REDIS_KEY_H

#define REDIS_COUNTER_PREFIX "footfall:"

/* Of all of them, for SCAN, and of few others. */
#define REDIS_COUNTER_PATTERN REDIS_COUNTER_PREFIX "*/*"

#endif
