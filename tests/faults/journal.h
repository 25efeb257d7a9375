/* A journal of the calls that write below the folder, from which the state of the disk at any of them can be made. */

/* One call in the journal; two paths and the data follow. */
struct entry {
  char call;
  long inode, at;
  int path_length, other_length, data_length;
};

/* Whether a call is to be noted: it and its note are then one, so that the journal has the order of what happened. */
static int begin_note(int fd, const char *name) {
  char path[PATH_MAX];
  if (!control || !control->journal[0] || !resolve(fd, name, path) || !is_below(path)) return 0;
  while (__atomic_exchange_n(&control->journal_lock, 1, __ATOMIC_ACQUIRE)) sched_yield();
  return 1;
}

static void end_note(void) { __atomic_store_n(&control->journal_lock, 0, __ATOMIC_RELEASE); }

static void note(char call, long inode, long at, const char *path, const char *other, struct iovec data) {
  static int journal = -1;
  struct entry entry = {call, inode, at, strlen(path), strlen(other), data.iov_len};
  struct iovec texts[] = {{(void *)path, entry.path_length}, {(void *)other, entry.other_length}};
  struct iovec parts[] = {{&entry, sizeof entry}, texts[0], texts[1], data};
  if (journal < 0) journal = openat(AT_FDCWD, control->journal, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  writev(journal, parts, 4); /* not below the folder, so not counted */
}

static long inode_of(int fd) {
  struct stat status;
  return fstat(fd, &status) ? 0 : (long)status.st_ino;
}

/* Note what a file has now: standard streams write by calls that are not seen here. */
static void note_content_of(const char *path) {
  struct stat status;
  int fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return;
  if (!fstat(fd, &status) && S_ISREG(status.st_mode)) {
    void *memory = status.st_size ? mmap(NULL, status.st_size, PROT_READ, MAP_SHARED, fd, 0) : NULL;
    if (memory != MAP_FAILED) note('c', status.st_ino, 0, "", "", (struct iovec){memory, status.st_size});
    if (memory && memory != MAP_FAILED) munmap(memory, status.st_size);
  }
  close(fd);
}

static void note_content(int fd) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  note_content_of(path);
}

static void note_written(int fd, const void *data, ssize_t size, off_t at) {
  if (size > 0) note('w', inode_of(fd), at, "", "", (struct iovec){(void *)data, size});
}

static void note_synced(int fd) {
  note_content(fd);
  note('s', inode_of(fd), 0, "", "", (struct iovec){0});
}

static void note_size(int fd, off_t size) { note('t', inode_of(fd), size, "", "", (struct iovec){0}); }

static void note_names(char call, int fd, const char *name, int other_fd, const char *other_name) {
  char path[PATH_MAX], other[PATH_MAX] = "";
  struct stat status;
  resolve(fd, name, path);
  if (other_name) resolve(other_fd, other_name, other);
  const char *made = other_name ? other : path;
  if (other_name) note_content_of(other);
  note(call, stat(made, &status) ? 0 : (long)status.st_ino, 0, path, other, (struct iovec){0});
}

static void note_opened(int opened, int fd, const char *name, int flags) {
  char path[PATH_MAX];
  resolve(fd, name, path);
  note('o', inode_of(opened), flags & O_TRUNC ? 0 : -1, path, "", (struct iovec){0});
}
