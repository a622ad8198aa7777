// The wall clock of a process ahead of everybody's, by as many seconds as CLOCK_AHEAD says: for programs that are
// started with this in LD_PRELOAD. All other clocks go on as they do.
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    long outcome = syscall(SYS_clock_gettime, clock, now);
    const char *ahead = getenv("CLOCK_AHEAD");
    if (outcome == 0 && clock == CLOCK_REALTIME && ahead != NULL) now->tv_sec += atol(ahead);
    return (int)outcome;
}
