/*
 * worker_exit.h - what a worker's exit status tells its master.
 */
#ifndef FOOTFALL_PROCESS_WORKER_EXIT_H
#define FOOTFALL_PROCESS_WORKER_EXIT_H

enum worker_exit {
    WORKER_EXIT_DRAINED = 0,
    WORKER_EXIT_FAILED = 1,
    WORKER_EXIT_NOT_AGAIN = 2, /* these settings cannot work: the slot's reason says why */
};

#endif
