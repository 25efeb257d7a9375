/* Counts the calls that write below one folder, over all threads and children, and makes one of them fail.
 * It can also write a journal of these calls, and move the clock.
 *
 * Preloaded into a process (LD_PRELOAD); the file that FAULTS names is a `struct control`, shared with the test. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum action { COUNT, KILL, TEAR, FAIL, FILL }; /* FILL fails that call and each later one that needs space */

enum kind { OTHER, DATA, RENAME }; /* data can be torn */

struct control {
  int action, error;
  long at, count, fired;
  int pid; /* of the command, whose children die with it */
  char call[32], folder[512], path[512];
  char kinds[1 << 14]; /* of each call */
  char journal[512]; /* a file, or nothing */
  int journal_lock;
  long clock_shift, later_clock_shift, shifts_at; /* seconds; the later one from that call on, if there is one */
};

static struct control *control;
static int is_child; /* a program that the command started */

__attribute__((constructor)) static void attach(void) {
  const char *name = getenv("FAULTS");
  int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
  is_child = getenv("FAULTS_CHILD") != NULL;
  if (fd < 0) return;
  void *memory = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (memory != MAP_FAILED) control = memory;
}

static int is_below(const char *path) {
  size_t length = strlen(control->folder);
  return length && strncmp(path, control->folder, length) == 0 && (path[length] == '/' || !path[length]);
}

static int read_link(const char *kind, int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, fd < 0 ? "/proc/self/%s" : "/proc/self/%s/%d", kind, fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  path[length < 0 ? 0 : length] = 0;
  return length > 0;
}

/* The absolute path of a name that is relative to a folder, or of a descriptor if there is no name. */
static int resolve(int fd, const char *name, char *path) {
  char folder[PATH_MAX];
  if (!name) return read_link("fd", fd, path);
  if (name[0] == '/') return snprintf(path, PATH_MAX, "%s", name) > 0;
  if (!(fd == AT_FDCWD ? read_link("cwd", -1, folder) : read_link("fd", fd, folder))) return 0;
  return snprintf(path, PATH_MAX, "%s/%s", folder, name) > 0;
}

static void die(void) {
  if (control->pid > 0) kill(control->pid, SIGKILL);
  kill(is_child ? 0 : getpid(), SIGKILL); /* git and its helpers are a group of their own */
  for (;;) pause();
}

/* Count a call. Returns 0 to let it happen, 1 to fail it with errno, 2 to write half of it and die. */
static int meet(const char *call, int fd, const char *name, int needs_space, enum kind kind) {
  char path[PATH_MAX];
  int saved = errno;
  if (!control || !resolve(fd, name, path) || !is_below(path)) return errno = saved, 0;
  if (!is_child) control->pid = getpid();
  long number = __atomic_add_fetch(&control->count, 1, __ATOMIC_SEQ_CST);
  if (number < (long)sizeof control->kinds) control->kinds[number] = (char)kind;
  errno = saved;
  if (control->action == COUNT || number < control->at) return 0;
  if (number > control->at && (control->action != FILL || !needs_space)) return 0;
  if (number == control->at) {
    snprintf(control->call, sizeof control->call, "%s", call);
    snprintf(control->path, sizeof control->path, "%.500s", path);
    __atomic_store_n(&control->fired, 1, __ATOMIC_SEQ_CST);
  }
  if (control->action == KILL) die();
  if (control->action == TEAR) return 2;
  if (control->action == FILL && !needs_space) return 0;
  errno = control->error;
  return 1;
}

#include "journal.h"

#define NEXT(name) \
  static __typeof__(name) *next; \
  if (!next) next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
#define HAPPEN(type, fd, path, call, notes) \
  int is_noted = begin_note(fd, path); \
  type result = call; \
  if (is_noted) { \
    int saved = errno; \
    if (result >= 0) notes; \
    end_note(); \
    errno = saved; \
  } \
  return result
#define WRITE(name, parameters, whole, half, notes) \
  ssize_t name parameters { \
    NEXT(name); \
    int fault = meet(#name, fd, NULL, 1, DATA); \
    if (fault == 2) half, die(); \
    if (fault) return -1; \
    HAPPEN(ssize_t, fd, NULL, whole, notes); \
  }
#define CALL(name, parameters, fd, path, needs_space, arguments, notes) \
  int name parameters { \
    NEXT(name); \
    int fault = meet(#name, fd, path, needs_space, strncmp(#name, "rename", 6) ? OTHER : RENAME); \
    if (fault == 2) die(); \
    if (fault) return -1; \
    HAPPEN(int, fd, path, next arguments, notes); \
  }

WRITE(write, (int fd, const void *data, size_t size), next(fd, data, size), next(fd, data, size / 2),
      note_written(fd, data, result, lseek(fd, 0, SEEK_CUR) - result))
WRITE(pwrite, (int fd, const void *data, size_t size, off_t at), next(fd, data, size, at), next(fd, data, size / 2, at),
      note_written(fd, data, result, at))
WRITE(pwrite64, (int fd, const void *data, size_t size, off64_t at), next(fd, data, size, at), next(fd, data, size / 2, at),
      note_written(fd, data, result, at))
WRITE(writev, (int fd, const struct iovec *parts, int count), next(fd, parts, count), next(fd, parts, count / 2), note_content(fd))
CALL(fsync, (int fd), fd, NULL, 1, (fd), note_synced(fd))
CALL(fdatasync, (int fd), fd, NULL, 1, (fd), note_synced(fd))
CALL(ftruncate, (int fd, off_t size), fd, NULL, 0, (fd, size), note_size(fd, size))
CALL(ftruncate64, (int fd, off64_t size), fd, NULL, 0, (fd, size), note_size(fd, size))
CALL(fallocate, (int fd, int mode, off_t at, off_t size), fd, NULL, 1, (fd, mode, at, size), note_content(fd))
CALL(fallocate64, (int fd, int mode, off64_t at, off64_t size), fd, NULL, 1, (fd, mode, at, size), note_content(fd))
CALL(rename, (const char *from, const char *to), AT_FDCWD, to, 0, (from, to), note_names('r', AT_FDCWD, from, AT_FDCWD, to))
CALL(renameat, (int fd, const char *from, int other, const char *to), other, to, 0, (fd, from, other, to),
     note_names('r', fd, from, other, to))
CALL(link, (const char *from, const char *to), AT_FDCWD, to, 1, (from, to), note_names('l', AT_FDCWD, from, AT_FDCWD, to))
CALL(linkat, (int fd, const char *from, int other, const char *to, int flags), other, to, 1, (fd, from, other, to, flags),
     note_names('l', fd, from, other, to))
CALL(unlink, (const char *path), AT_FDCWD, path, 0, (path), note_names('u', AT_FDCWD, path, -1, NULL))
CALL(remove, (const char *path), AT_FDCWD, path, 0, (path), note_names('u', AT_FDCWD, path, -1, NULL))
CALL(unlinkat, (int fd, const char *path, int flags), fd, path, 0, (fd, path, flags), note_names('u', fd, path, -1, NULL))
CALL(rmdir, (const char *path), AT_FDCWD, path, 0, (path), note_names('u', AT_FDCWD, path, -1, NULL))
CALL(mkdir, (const char *path, mode_t mode), AT_FDCWD, path, 1, (path, mode), note_names('d', AT_FDCWD, path, -1, NULL))
CALL(mkdirat, (int fd, const char *path, mode_t mode), fd, path, 1, (fd, path, mode), note_names('d', fd, path, -1, NULL))

#define OPEN(name, parameters, fd, arguments) \
  int name parameters { \
    NEXT(name); \
    mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { \
      va_list rest; \
      va_start(rest, flags); \
      mode = va_arg(rest, mode_t); \
      va_end(rest); \
    } \
    int fault = flags & (O_CREAT | O_TRUNC) ? meet(#name, fd, path, 1, OTHER) : 0; \
    if (fault == 2) die(); \
    if (fault) return -1; \
    if (!(flags & (O_CREAT | O_TRUNC))) return next arguments; \
    HAPPEN(int, fd, path, next arguments, note_opened(result, fd, path, flags)); \
  }

OPEN(open, (const char *path, int flags, ...), AT_FDCWD, (path, flags, mode))
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD, (path, flags, mode))
OPEN(openat, (int fd, const char *path, int flags, ...), fd, (fd, path, flags, mode))
OPEN(openat64, (int fd, const char *path, int flags, ...), fd, (fd, path, flags, mode))

/* The clock that people see; others go on. */
static long clock_shift(void) {
  if (!control) return 0;
  return control->shifts_at && control->count >= control->shifts_at ? control->later_clock_shift : control->clock_shift;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  NEXT(clock_gettime);
  int failed = next(clock, now);
  if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += clock_shift();
  return failed;
}

int gettimeofday(struct timeval *now, void *zone) {
  NEXT(gettimeofday);
  int failed = next(now, zone);
  if (!failed) now->tv_sec += clock_shift();
  return failed;
}

time_t time(time_t *now) {
  NEXT(time);
  time_t shifted = next(NULL) + clock_shift();
  return now ? *now = shifted : shifted;
}
