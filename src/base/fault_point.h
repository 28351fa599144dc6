/*
 * fault_point.h - places where a test can have this process killed or stopped.
 *
 * Built in only with the option fault_points (FOOTFALL_FAULT_POINTS); elsewhere a point compiles
 * to nothing. FOOTFALL_FAULT=point:nth:kill|stop makes the nth process to reach the point,
 * counted over all processes of one start, end or stop itself there. Any thread.
 */
#ifndef FOOTFALL_BASE_FAULT_POINT_H
#define FOOTFALL_BASE_FAULT_POINT_H

enum fault_point {
    FAULT_DEAL_RECEIVED,   /* the worker holds the descriptor and has not stored *taken* */
    FAULT_TAKEN_STORED,    /* and has not asked for the first byte */
    FAULT_BEFORE_RECEIVE,  /* right before asking for it */
    FAULT_AFTER_RECEIVE,   /* the first bytes of a connection are here, and not looked at */
    FAULT_LMDB_LOCKED,     /* the write lock is held, nothing is written */
    FAULT_BEFORE_COMMIT,   /* everything is written, nothing is committed */
    FAULT_AFTER_COMMIT,    /* on disk, and the loop does not know */
    FAULT_BEFORE_REPLY,    /* the loop knows, and no reply is written */
    FAULT_BATCH_SENT,      /* a batch's command is the kernel's */
    FAULT_ANSWER_RECEIVED, /* its answer is here, and nobody was told */
    FAULT_POINTS_COUNT,
};

#ifdef FOOTFALL_FAULT_POINTS

#define FAULT_POINT(point) fault_point_reached(point)

/* Reads FOOTFALL_FAULT and makes the counter that all later processes share. 0; -EINVAL for a
 * value that cannot be read; -errno of mmap(2). Call it once, before any fork(2) or thread. */
int fault_point_init(void);

/* Counts, and ends or stops the process when it is its turn. */
void fault_point_reached(enum fault_point point);

#else

#define FAULT_POINT(point) ((void)0)

static inline int fault_point_init(void)
{
    return 0;
}

#endif

#endif
