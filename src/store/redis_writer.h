/*
 * redis_writer.h - a name that no other process has, had or will have.
 *
 * Entries in the ledger are told apart by it. It reads BOOT-PID-START-RANDOM: of the boot's id the
 * first eight digits, the process id, the start of the process in clock ticks since the boot, and
 * 64 random bits; all but the process id in hexadecimal. Any one of them tells most writers apart;
 * an operator sees from the first three which process it was.
 */
#ifndef FOOTFALL_STORE_REDIS_WRITER_H
#define FOOTFALL_STORE_REDIS_WRITER_H

enum { REDIS_WRITER_BYTES = 64 }; /* its NUL too */

/* Writes another name at each call. Where /proc is not there it has zeros for what it tells. */
void redis_writer_name(char out_name[REDIS_WRITER_BYTES]);

#endif
