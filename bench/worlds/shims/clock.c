/* What time it is, for a program that is not ours: LD_PRELOAD this, and say in a file how wrong its clocks are.

   What a clock shows is the machine's own time, plus `gained`, plus what it gained since `anchor` by running too fast
   or too slow; the clocks that tell the date also add `offset`. So a change of the rate makes no clock step. Each clock
   has an anchor of its own, since two that are read one after the other are not read at the same time.

   Absolute deadlines that a program gives to libc are in the time that it was shown. They are translated to the
   machine's, or a wait would be too long by all that the clock is wrong. Relative ones are left alone.

   Allocators ask for the time before they can allocate (jemalloc does), so nothing on the way to an answer may allocate
   or look up a symbol: the machine's clocks are read by system calls. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL
#define DATES_BEGIN (1000000000LL * SECOND) /* a deadline after this is a date, since no machine runs for 31 years */
#define VARIABLE "SPLITBRAIN_CLOCK"
#define CLOCKS 4
#define SPINS 1000
#define NAPS 5000 /* of a tenth of a millisecond */

enum { REALTIME, MONOTONIC, RAW, BOOTTIME };
static const clockid_t ids[CLOCKS] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME};

/* As in clock.py. The state that holds is `states[sequence / 2 % 2]`; the other one is being written while the sequence is
   odd. */
struct control {
    uint64_t sequence;
    uint64_t answers; /* how often a wrong time was told */
    uint64_t attached; /* how many processes have opened this file */
    struct state {
        int64_t offset;
        int64_t rate; /* gained in a second, in nanoseconds */
        int64_t gained[CLOCKS]; /* by position in `ids` */
        int64_t anchor[CLOCKS];
    } states[2];
};

/* What a clock shows, by how much that is wrong, and how fast it runs (as `rate` above). */
struct reading {
    int64_t machine, error, rate;
};

static struct control *control;
static int attaching; /* 0 not attached yet, 1 being attached, 2 attached, or it cannot be */

static int64_t machine(clockid_t clock) {
    struct timespec at;
    syscall(SYS_clock_gettime, clock, &at);
    return at.tv_sec * SECOND + at.tv_nsec;
}

static void complain(const char *path) {
    static const char why[] = "splitbrain's clock shim cannot open its control file, clocks stay right: ";
    size_t length = 0;
    while (path[length])
        length++;
    if (syscall(SYS_write, 2, why, sizeof why - 1) < 0 || syscall(SYS_write, 2, path, length) < 0 ||
        syscall(SYS_write, 2, "\n", 1) < 0)
        return;
}

static void attach(void) {
    int none = 0;
    if (!environ || !__atomic_compare_exchange_n(&attaching, &none, 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        return;
    const char *path = getenv(VARIABLE);
    if (path) {
        long file = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
        void *page = MAP_FAILED;
        if (file >= 0) {
            page = (void *)syscall(SYS_mmap, NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
            syscall(SYS_close, file);
        }
        if (page == MAP_FAILED) {
            complain(path);
        } else {
            control = page;
            __atomic_add_fetch(&control->attached, 1, __ATOMIC_RELAXED);
        }
    }
    __atomic_store_n(&attaching, 2, __ATOMIC_SEQ_CST);
}

__attribute__((constructor)) static void begin(void) { attach(); }

/* Whether to wait while somebody changes the state. One who died in the middle of that is waited for once. */
static int changing(uint64_t sequence, int tries) {
    static uint64_t dead;
    static const struct timespec shortly = {0, 100000};
    if (!(sequence & 1) || sequence == __atomic_load_n(&dead, __ATOMIC_RELAXED))
        return 0;
    if (tries > SPINS) {
        int error = errno;
        syscall(SYS_nanosleep, &shortly, NULL);
        errno = error;
    }
    if (tries > SPINS + NAPS)
        __atomic_store_n(&dead, sequence, __ATOMIC_RELAXED);
    return 1;
}

/* What there is to know of a clock. Nobody changed the state meanwhile, nor had begun to, since the time at which a
   change is made must not have been read by an older rule. */
static struct reading look(int clock) {
    struct reading seen;
    for (int tries = 0;; tries++) {
        uint64_t sequence = __atomic_load_n(&control->sequence, __ATOMIC_ACQUIRE);
        if (changing(sequence, tries))
            continue;
        const struct state *state = &control->states[sequence / 2 % 2];
        int64_t gained = __atomic_load_n(&state->gained[clock], __ATOMIC_RELAXED);
        int64_t anchor = __atomic_load_n(&state->anchor[clock], __ATOMIC_RELAXED);
        int64_t offset = __atomic_load_n(&state->offset, __ATOMIC_RELAXED);
        seen.rate = __atomic_load_n(&state->rate, __ATOMIC_RELAXED);
        seen.machine = machine(ids[clock]);
        seen.error = gained + (clock == REALTIME ? offset : 0);
        if (seen.rate)
            seen.error += (int64_t)((__int128)(seen.machine - anchor) * seen.rate / SECOND);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (sequence == __atomic_load_n(&control->sequence, __ATOMIC_RELAXED))
            return seen;
    }
}

/* The position of the clock to read for one that a program asks for, -1 for one that is never wrong (processor time).
   Coarse clocks are answered by the fine ones, which no change of the rate can put back. */
static int served(clockid_t clock) {
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        return REALTIME;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
        return MONOTONIC;
    case CLOCK_MONOTONIC_RAW:
        return RAW;
    case CLOCK_BOOTTIME:
        return BOOTTIME;
    default:
        return -1;
    }
}

static int attached(void) {
    if (__atomic_load_n(&attaching, __ATOMIC_ACQUIRE) != 2)
        attach();
    return control && __atomic_load_n(&attaching, __ATOMIC_ACQUIRE) == 2;
}

static int64_t told(int clock) {
    if (!attached())
        return machine(ids[clock]);
    struct reading seen = look(clock);
    if (seen.error)
        __atomic_add_fetch(&control->answers, 1, __ATOMIC_RELAXED);
    return seen.machine + seen.error;
}

static struct timespec parts(int64_t at) {
    int64_t seconds = at / SECOND - (at % SECOND < 0);
    return (struct timespec){.tv_sec = seconds, .tv_nsec = at - seconds * SECOND};
}

int clock_gettime(clockid_t clock, struct timespec *into) {
    int from = served(clock);
    if (from < 0)
        return (int)syscall(SYS_clock_gettime, clock, into);
    *into = parts(told(from));
    return 0;
}

int gettimeofday(struct timeval *restrict into, void *restrict zone) {
    struct timespec at = parts(told(REALTIME));
    *into = (struct timeval){.tv_sec = at.tv_sec, .tv_usec = at.tv_nsec / 1000};
    if (zone)
        *(struct timezone *)zone = (struct timezone){0, 0};
    return 0;
}

time_t time(time_t *into) {
    time_t at = parts(told(REALTIME)).tv_sec;
    if (into)
        *into = at;
    return at;
}

int timespec_get(struct timespec *into, int base) {
    if (base != TIME_UTC)
        return 0;
    *into = parts(told(REALTIME));
    return base;
}

/* Deadlines */

/* The machine's time at which `clock`, as it goes now, will show `deadline`. */
static struct timespec due(clockid_t clock, const struct timespec *deadline) {
    int from = served(clock);
    if (from < 0 || !attached() || deadline->tv_sec > INT64_MAX / SECOND - 1 || deadline->tv_sec < 0)
        return *deadline;
    struct reading seen = look(from);
    int64_t at, left = deadline->tv_sec * SECOND + deadline->tv_nsec - seen.machine - seen.error;
    if (seen.rate && left > 0) {
        __int128 longer = (__int128)left * SECOND / (SECOND + seen.rate);
        left = longer > INT64_MAX ? INT64_MAX : (int64_t)longer;
    }
    if (__builtin_add_overflow(seen.machine, left, &at))
        return *deadline;
    return parts(at < 0 ? 0 : at);
}

/* A condition does not tell which clock it goes by, but a deadline does. */
static clockid_t clock_of(const struct timespec *deadline) {
    return deadline->tv_sec >= DATES_BEGIN / SECOND ? CLOCK_REALTIME : CLOCK_MONOTONIC;
}

/* libc's own function. That of conditions is there in two versions, and a plain look-up may give the older one. */
static void *next(void **cache, const char *name, const char *version) {
    void *found = __atomic_load_n(cache, __ATOMIC_ACQUIRE);
    if (!found) {
        found = version ? dlvsym(RTLD_NEXT, name, version) : NULL;
        if (!found)
            found = dlsym(RTLD_NEXT, name);
        __atomic_store_n(cache, found, __ATOMIC_RELEASE);
    }
    return found;
}

#define NEXT(name, version) \
    static void *cache; \
    __typeof__(&name) real = (__typeof__(&name))next(&cache, #name, version); \
    if (!real) \
        return ENOSYS;

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *request, struct timespec *left) {
    NEXT(clock_nanosleep, NULL)
    if (!(flags & TIMER_ABSTIME))
        return real(clock, flags, request, left);
    struct timespec at = due(clock, request);
    return real(clock, flags, &at, left);
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict deadline) {
    NEXT(pthread_cond_timedwait, "GLIBC_2.3.2")
    struct timespec at = due(clock_of(deadline), deadline);
    return real(condition, mutex, &at);
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex, const struct timespec *restrict deadline) {
    NEXT(pthread_mutex_timedlock, NULL)
    struct timespec at = due(CLOCK_REALTIME, deadline);
    return real(mutex, &at);
}

int pthread_rwlock_timedrdlock(pthread_rwlock_t *restrict lock, const struct timespec *restrict deadline) {
    NEXT(pthread_rwlock_timedrdlock, NULL)
    struct timespec at = due(CLOCK_REALTIME, deadline);
    return real(lock, &at);
}

int pthread_rwlock_timedwrlock(pthread_rwlock_t *restrict lock, const struct timespec *restrict deadline) {
    NEXT(pthread_rwlock_timedwrlock, NULL)
    struct timespec at = due(CLOCK_REALTIME, deadline);
    return real(lock, &at);
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict deadline) {
    NEXT(sem_timedwait, NULL)
    struct timespec at = due(CLOCK_REALTIME, deadline);
    return real(semaphore, &at);
}

int timerfd_settime(int file, int flags, const struct itimerspec *value, struct itimerspec *old) {
    NEXT(timerfd_settime, NULL)
    if (!(flags & TFD_TIMER_ABSTIME) || (!value->it_value.tv_sec && !value->it_value.tv_nsec))
        return real(file, flags, value, old);
    struct itimerspec at = {value->it_interval, due(clock_of(&value->it_value), &value->it_value)};
    return real(file, flags, &at, old);
}

#if __GLIBC_PREREQ(2, 30)

int pthread_cond_clockwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex, clockid_t clock,
                           const struct timespec *restrict deadline) {
    NEXT(pthread_cond_clockwait, NULL)
    struct timespec at = due(clock, deadline);
    return real(condition, mutex, clock, &at);
}

int pthread_mutex_clocklock(pthread_mutex_t *restrict mutex, clockid_t clock,
                            const struct timespec *restrict deadline) {
    NEXT(pthread_mutex_clocklock, NULL)
    struct timespec at = due(clock, deadline);
    return real(mutex, clock, &at);
}

int sem_clockwait(sem_t *restrict semaphore, clockid_t clock, const struct timespec *restrict deadline) {
    NEXT(sem_clockwait, NULL)
    struct timespec at = due(clock, deadline);
    return real(semaphore, clock, &at);
}

#endif
