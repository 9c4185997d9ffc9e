/* Preloaded into servers: bends their clocks and fails their syncs, as a small file says that the harness writes.
 *
 * WEFTJ_SHIM names the file: 8-byte words in the order of `struct control`, mapped and read on each call. A clock that is
 * not bent, and a sync that is not to fail, costs one look at memory. Deadlines that the C library is handed as absolute times
 * of a bent clock are bent back, or threads would sleep for ever.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { SYNC_OK, SYNC_EIO, SYNC_HANG, SYNC_SLOW };

struct clock_bend {
    _Atomic int64_t offset_ns; /* added */
    _Atomic int64_t rate_ppm;  /* how much faster than real it runs since the anchor */
    _Atomic int64_t anchor_ns; /* the real reading from which on the rate counts */
};

struct control {
    _Atomic uint64_t sequence; /* odd while the harness writes */
    struct clock_bend wall, monotonic;
    _Atomic uint64_t sync_mode, sync_delay_us, write_enospc;
    /* what was observed */
    _Atomic uint64_t bent, syncs, syncs_failed, syncs_hung, syncs_slowed, writes_refused;
};

static struct control none;
static struct control *control = &none;

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("WEFTJ_SHIM");
    if (!path) return;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    void *room = mmap(0, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (room != MAP_FAILED) control = room;
    close(fd);
}

/* ---- clocks ---- */

static int raw_clock(clockid_t id, struct timespec *at) { return (int)syscall(SYS_clock_gettime, id, at); }

static int64_t nanos(const struct timespec *at) { return (int64_t)at->tv_sec * 1000000000 + at->tv_nsec; }

static void split(int64_t ns, struct timespec *at) {
    at->tv_sec = ns / 1000000000;
    at->tv_nsec = ns % 1000000000;
}

static int64_t bend(struct clock_bend *clock, int64_t real_ns) {
    uint64_t before, after;
    int64_t added;
    int tries = 0;
    do {
        before = atomic_load(&control->sequence);
        int64_t rate = atomic_load(&clock->rate_ppm);
        added = atomic_load(&clock->offset_ns);
        if (rate) added += (int64_t)((__int128)(real_ns - atomic_load(&clock->anchor_ns)) * rate / 1000000);
        after = atomic_load(&control->sequence);
    } while ((before != after || (before & 1)) && ++tries < 1000);
    return added;
}

static struct clock_bend *bent(clockid_t id) {
    switch (id) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE: return &control->wall;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME: return &control->monotonic;
    default: return 0;
    }
}

int clock_gettime(clockid_t id, struct timespec *at) {
    static int (*next)(clockid_t, struct timespec *);
    static _Atomic int64_t highest;
    if (!next) next = real("clock_gettime");
    int result = next ? next(id, at) : raw_clock(id, at);
    struct clock_bend *clock = bent(id);
    if (result != 0 || !clock) return result;
    int64_t now = nanos(at), added = bend(clock, now);
    int64_t shown = now + added;
    if (clock == &control->monotonic && id == CLOCK_MONOTONIC) {
        /* This clock never goes back, whatever is written into the file. */
        int64_t seen = atomic_load(&highest);
        while (seen < shown && !atomic_compare_exchange_weak(&highest, &seen, shown)) {}
        if (seen > shown) shown = seen;
    }
    if (shown != now) {
        atomic_fetch_add(&control->bent, 1);
        split(shown, at);
    }
    return 0;
}

int gettimeofday(struct timeval *at, void *zone) {
    (void)zone;
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}

/* The deadline of a bent clock as one of the real clock. */
static const struct timespec *straight(clockid_t id, const struct timespec *deadline, struct timespec *room) {
    struct clock_bend *clock = bent(id);
    struct timespec now;
    if (!clock || !deadline || raw_clock(id, &now) != 0) return deadline;
    int64_t added = bend(clock, nanos(&now));
    if (!added) return deadline;
    int64_t ns = nanos(deadline) - added;
    split(ns > 0 ? ns : 0, room);
    return room;
}

int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t id, const struct timespec *until) {
    static int (*next)(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);
    if (!next) next = real("pthread_cond_clockwait");
    struct timespec room;
    return next(cond, mutex, id, straight(id, until, &room));
}

int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until) {
    static int (*next)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    if (!next) next = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (!next) next = real("pthread_cond_timedwait");
    struct timespec room;
    return next(cond, mutex, straight(CLOCK_REALTIME, until, &room));
}

long syscall(long number, ...) {
    static long (*next)(long, ...);
    if (!next) next = real("syscall");
    va_list rest;
    va_start(rest, number);
    long a[6];
    for (int at = 0; at < 6; at++) a[at] = va_arg(rest, long);
    va_end(rest);
    struct timespec room;
    if (number == SYS_futex && (a[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET && a[3]) {
        clockid_t id = (a[1] & FUTEX_CLOCK_REALTIME) ? CLOCK_REALTIME : CLOCK_MONOTONIC;
        a[3] = (long)straight(id, (const struct timespec *)a[3], &room);
    }
    return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* ---- disks ---- */

static int sync_fault(void) {
    atomic_fetch_add(&control->syncs, 1);
    uint64_t mode = atomic_load(&control->sync_mode);
    if (mode == SYNC_EIO) {
        atomic_fetch_add(&control->syncs_failed, 1);
        errno = EIO;
        return -1;
    }
    if (mode == SYNC_HANG) {
        atomic_fetch_add(&control->syncs_hung, 1);
        while (atomic_load(&control->sync_mode) == SYNC_HANG) usleep(5000);
    }
    if (mode == SYNC_SLOW) {
        atomic_fetch_add(&control->syncs_slowed, 1);
        usleep((useconds_t)atomic_load(&control->sync_delay_us));
    }
    return 0;
}

#define SYNC(name)                                       \
    int name(int fd) {                                   \
        static int (*next)(int);                         \
        if (!next) next = real(#name);                   \
        return sync_fault() == 0 ? next(fd) : -1;        \
    }
SYNC(fsync)
SYNC(fdatasync)

int sync_file_range(int fd, off64_t from, off64_t count, unsigned flags) {
    static int (*next)(int, off64_t, off64_t, unsigned);
    if (!next) next = real("sync_file_range");
    return sync_fault() == 0 ? next(fd, from, count, flags) : -1;
}

/* Whether a write to that file is to find the disk full: only what is a file on a disk, not a socket, a pipe or an event
   counter (which can be sought in, too). */
static int refused(int fd) {
    struct stat about;
    if (!atomic_load(&control->write_enospc) || fd <= 2) return 0;
    int before = errno;
    int file = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
    errno = before;
    if (!file) return 0;
    atomic_fetch_add(&control->writes_refused, 1);
    errno = ENOSPC;
    return 1;
}

ssize_t write(int fd, const void *from, size_t count) {
    static ssize_t (*next)(int, const void *, size_t);
    if (!next) next = real("write");
    return refused(fd) ? -1 : next(fd, from, count);
}

ssize_t pwrite64(int fd, const void *from, size_t count, off64_t at) {
    static ssize_t (*next)(int, const void *, size_t, off64_t);
    if (!next) next = real("pwrite64");
    return refused(fd) ? -1 : next(fd, from, count, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    static ssize_t (*next)(int, const struct iovec *, int);
    if (!next) next = real("writev");
    return refused(fd) ? -1 : next(fd, parts, count);
}
