/*
 * histogram.c - where the buckets of histograms end.
 */
#include "base/histogram.h"

histogram_bounds histogram_milliseconds = {1,   2,   5,    10,   25,   50,    100,
                                           250, 500, 1000, 2500, 5000, 10000, 30000};
histogram_bounds histogram_microseconds = {50,    100,   250,   500,    1000,   2500,    5000,
                                           10000, 25000, 50000, 100000, 250000, 1000000, 2500000};
histogram_bounds histogram_sizes = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192};
