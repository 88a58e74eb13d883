/* A disk that fails, for a program that is not ours: LD_PRELOAD this, and say in a file what goes wrong.

   Only what libc is asked to do to regular files below one directory fails. What libc does for itself (the buffers of
   stdio), writes to mapped memory and io_uring do not pass through here. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define VARIABLE "SPLITBRAIN_DISK"

/* As in disk.py. */
enum { WELL, FAILS, LIES, FULL, SHORT };

struct control {
    uint32_t syncs, writes; /* what happens to them: one of the above */
    uint64_t syncs_often, writes_often; /* to how many of them, of 2^32 */
    uint64_t seed;
    uint64_t asked; /* how many calls were about to fail, which numbers them */
    uint64_t attached; /* how many processes have opened this file */
    uint64_t syncs_failed, syncs_lied, writes_failed, writes_full, writes_short;
    char below[4096]; /* the directory, ending with a slash */
};

static struct control *control;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off_t);
static ssize_t (*real_pwritev2)(int, const struct iovec *, int, off_t, int);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_fallocate)(int, int, off_t, off_t);
static int (*real_posix_fallocate)(int, off_t, off_t);

#define FIND(name) real_##name = (__typeof__(real_##name))dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void attach(void) {
    FIND(write);
    FIND(pwrite);
    FIND(writev);
    FIND(pwritev);
    FIND(pwritev2);
    FIND(fsync);
    FIND(fdatasync);
    FIND(fallocate);
    FIND(posix_fallocate);
    const char *path = getenv(VARIABLE);
    if (!path)
        return;
    int file = open(path, O_RDWR | O_CLOEXEC);
    void *page = MAP_FAILED;
    if (file >= 0) {
        page = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        close(file);
    }
    if (page == MAP_FAILED) {
        dprintf(2, "splitbrain's disk shim cannot open its control file, the disk stays well: %s\n", path);
        return;
    }
    __atomic_add_fetch(&((struct control *)page)->attached, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&control, page, __ATOMIC_RELEASE);
}

static void count(uint64_t *counter) { __atomic_add_fetch(counter, 1, __ATOMIC_RELAXED); }

/* Whether the n-th call is one of those that fail: a hash of its number (splitmix64; Steele, Lea, Flood 2014). */
static int drawn(uint64_t often) {
    uint64_t z = control->seed + __atomic_fetch_add(&control->asked, 1, __ATOMIC_RELAXED) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return ((z ^ (z >> 31)) >> 32) < often;
}

static int is_below(int file) {
    char link[32] = "/proc/self/fd/", path[sizeof control->below], digits[12];
    struct stat found;
    int error = errno, length = 0;
    if (file < 0 || fstat(file, &found) || !S_ISREG(found.st_mode)) {
        errno = error;
        return 0;
    }
    for (int rest = file; rest || !length; rest /= 10)
        digits[length++] = (char)('0' + rest % 10);
    for (int at = 0; at < length; at++)
        link[14 + at] = digits[length - 1 - at];
    ssize_t size = readlink(link, path, sizeof path);
    errno = error;
    size_t wanted = strnlen(control->below, sizeof control->below);
    return size >= (ssize_t)wanted && !memcmp(path, control->below, wanted);
}

/* What happens to this call, of the kind that `what` says. */
static unsigned fate(const uint32_t *what, const uint64_t *often, int file) {
    unsigned now = __atomic_load_n(what, __ATOMIC_ACQUIRE);
    return now != WELL && is_below(file) && drawn(__atomic_load_n(often, __ATOMIC_RELAXED)) ? now : WELL;
}

static int sync_fails(int file, int *result) {
    if (!control)
        return 0;
    switch (fate(&control->syncs, &control->syncs_often, file)) {
    case FAILS:
        count(&control->syncs_failed);
        errno = EIO;
        *result = -1;
        return 1;
    case LIES:
        count(&control->syncs_lied);
        *result = 0;
        return 1;
    default:
        return 0;
    }
}

/* Whether a write fails; `*size` becomes less if it is to be a short one, which one of a single byte cannot be. */
static int write_fails(int file, size_t *size) {
    if (!control)
        return 0;
    switch (fate(&control->writes, &control->writes_often, file)) {
    case FAILS:
        count(&control->writes_failed);
        errno = EIO;
        return 1;
    case FULL:
        count(&control->writes_full);
        errno = ENOSPC;
        return 1;
    case SHORT:
        if (*size > 1) {
            count(&control->writes_short);
            *size /= 2;
        }
        return 0;
    default:
        return 0;
    }
}

ssize_t write(int file, const void *from, size_t size) {
    if (write_fails(file, &size))
        return -1;
    return real_write ? real_write(file, from, size) : syscall(SYS_write, file, from, size);
}

ssize_t pwrite(int file, const void *from, size_t size, off_t at) {
    if (write_fails(file, &size))
        return -1;
    return real_pwrite ? real_pwrite(file, from, size, at) : syscall(SYS_pwrite64, file, from, size, at);
}

ssize_t pwrite64(int file, const void *from, size_t size, off_t at) { return pwrite(file, from, size, at); }

/* What a short write of several pieces writes: the first that is not empty, or half of it if it is the only one. */
static struct iovec first_of(const struct iovec *pieces, int many, size_t all) {
    struct iovec first = {NULL, 0};
    for (int at = 0; at < many && !first.iov_len; at++)
        first = pieces[at];
    if (first.iov_len == all)
        first.iov_len /= 2;
    return first;
}

static size_t sum_of(const struct iovec *pieces, int many) {
    size_t all = 0;
    for (int at = 0; at < many; at++)
        all += pieces[at].iov_len;
    return all;
}

ssize_t writev(int file, const struct iovec *pieces, int many) {
    size_t all = sum_of(pieces, many), size = all;
    if (write_fails(file, &size))
        return -1;
    if (size < all) {
        struct iovec first = first_of(pieces, many, all);
        return syscall(SYS_write, file, first.iov_base, first.iov_len);
    }
    return real_writev ? real_writev(file, pieces, many) : syscall(SYS_writev, file, pieces, many);
}

/* An offset of -1 means where the file is at present. */
ssize_t pwritev2(int file, const struct iovec *pieces, int many, off_t at, int flags) {
    size_t all = sum_of(pieces, many), size = all;
    if (write_fails(file, &size))
        return -1;
    if (size < all) {
        struct iovec first = first_of(pieces, many, all);
        return at == -1 ? syscall(SYS_write, file, first.iov_base, first.iov_len)
                        : syscall(SYS_pwrite64, file, first.iov_base, first.iov_len, at);
    }
    if (flags || at == -1) {
        if (real_pwritev2)
            return real_pwritev2(file, pieces, many, at, flags);
        errno = ENOSYS;
        return -1;
    }
    if (real_pwritev)
        return real_pwritev(file, pieces, many, at);
    errno = ENOSYS;
    return -1;
}

ssize_t pwritev64v2(int file, const struct iovec *pieces, int many, off_t at, int flags) {
    return pwritev2(file, pieces, many, at, flags);
}

ssize_t pwritev(int file, const struct iovec *pieces, int many, off_t at) {
    if (at < 0) {
        errno = EINVAL;
        return -1;
    }
    return pwritev2(file, pieces, many, at, 0);
}

ssize_t pwritev64(int file, const struct iovec *pieces, int many, off_t at) { return pwritev(file, pieces, many, at); }

int fsync(int file) {
    int result;
    if (sync_fails(file, &result))
        return result;
    return real_fsync ? real_fsync(file) : (int)syscall(SYS_fsync, file);
}

int fdatasync(int file) {
    int result;
    if (sync_fails(file, &result))
        return result;
    return real_fdatasync ? real_fdatasync(file) : (int)syscall(SYS_fdatasync, file);
}

/* To reserve space writes nothing, but finds a disk full. */
static int no_space(int file) {
    if (!control || fate(&control->writes, &control->writes_often, file) != FULL)
        return 0;
    count(&control->writes_full);
    return 1;
}

int fallocate(int file, int mode, off_t at, off_t size) {
    if (!(mode & ~FALLOC_FL_KEEP_SIZE) && no_space(file)) {
        errno = ENOSPC;
        return -1;
    }
    return real_fallocate ? real_fallocate(file, mode, at, size)
                          : (int)syscall(SYS_fallocate, file, mode, at, size);
}

int fallocate64(int file, int mode, off_t at, off_t size) { return fallocate(file, mode, at, size); }

int posix_fallocate(int file, off_t at, off_t size) {
    if (no_space(file))
        return ENOSPC;
    return real_posix_fallocate ? real_posix_fallocate(file, at, size) : ENOSYS;
}

int posix_fallocate64(int file, off_t at, off_t size) { return posix_fallocate(file, at, size); }
