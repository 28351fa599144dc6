/*
 * entrance.h - as what a connection comes in.
 */
#ifndef FOOTFALL_PROCESS_ENTRANCE_H
#define FOOTFALL_PROCESS_ENTRANCE_H

enum entrance {
    ENTRANCE_VISITORS,
    ENTRANCE_PROXIED, /* visitors', behind a PROXY header each */
    ENTRANCE_ADMIN,
};

#endif
