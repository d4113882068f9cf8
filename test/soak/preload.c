/*
 * Loaded before the C library (LD_PRELOAD) into each process of the crash campaign. It does two things:
 *
 * - It keeps a shadow of what is durable: at each fsync or fdatasync that has returned, the bytes of the file, or the names in the directory, as they are
 *   then. What the kernel holds beside that, a loss of power may take away; test/soak/power-loss.ts does.
 * - It counts the calls that change something below the folders of the campaign, and kills the process at one of them: before it, or within it (a write
 *   is cut in half). So a kill can fall between any two changes, not only at the instants that the program's own trace names.
 *
 * SOAK_FOLDERS    folders, separated by colons, whose changes count
 * SOAK_SHADOWS    for each of them a folder for its shadow, or nothing where none is kept
 * SOAK_KILL_AT    the number of the call, from 1; 0 or absent: never
 * SOAK_KILL_TORN  1: within the call, where it is a write
 * SOAK_NOTE       where the number of calls is written at the end, or the call at which the process was killed
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_FOLDERS 8

static char *folders[MAX_FOLDERS];
static char *shadows[MAX_FOLDERS];
static int folder_count;
static long kill_at;
static int kill_torn;
static const char *note_path;
static atomic_long calls;
static pthread_mutex_t shadow_lock = PTHREAD_MUTEX_INITIALIZER;

/* The system calls themselves: what is done here must not be counted. */
static ssize_t raw_write(int fd, const void *bytes, size_t length) { return syscall(SYS_write, fd, bytes, length); }

static int split(char *text, char **into) {
  int count = 0;
  while (text != NULL && count < MAX_FOLDERS) {
    char *colon = strchr(text, ':');
    if (colon != NULL) *colon = '\0';
    into[count++] = text;
    text = colon == NULL ? NULL : colon + 1;
  }
  return count;
}

static void note(const char *text) {
  if (note_path == NULL) return;
  int fd = syscall(SYS_openat, AT_FDCWD, note_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return;
  raw_write(fd, text, strlen(text));
  syscall(SYS_close, fd);
}

__attribute__((constructor)) static void begin(void) {
  const char *named = getenv("SOAK_FOLDERS");
  const char *shadowed = getenv("SOAK_SHADOWS");
  if (named == NULL || shadowed == NULL) return;
  folder_count = split(strdup(named), folders);
  split(strdup(shadowed), shadows);
  const char *at = getenv("SOAK_KILL_AT");
  const char *torn = getenv("SOAK_KILL_TORN");
  kill_at = at == NULL ? 0 : atol(at);
  kill_torn = torn != NULL && torn[0] == '1';
  note_path = getenv("SOAK_NOTE");
}

__attribute__((destructor)) static void end(void) {
  char text[64];
  snprintf(text, sizeof text, "%ld calls\n", atomic_load(&calls));
  note(text);
}

static int folder_of(const char *path) {
  for (int index = 0; index < folder_count; index++) {
    size_t length = strlen(folders[index]);
    if (strncmp(path, folders[index], length) == 0 && (path[length] == '/' || path[length] == '\0')) return index;
  }
  return -1;
}

static int path_of(int fd, char *path) {
  char link[48];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length < 0) return -1;
  path[length] = '\0';
  return folder_of(path);
}

static void die(const char *call, const char *path) {
  char text[PATH_MAX + 64];
  snprintf(text, sizeof text, "%s %s\n", call, path);
  note(text);
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* 1: this is the call to be torn. Does not return where the process dies before it. */
static int count_call(const char *call, const char *path, int is_write) {
  if (folder_count == 0 || folder_of(path) < 0) return 0;
  if (atomic_fetch_add(&calls, 1) + 1 != kill_at) return 0;
  if (is_write && kill_torn) return 1;
  die(call, path);
  return 0;
}

static int count_fd(const char *call, int fd, int is_write) {
  char path[PATH_MAX];
  if (folder_count == 0 || path_of(fd, path) < 0) return 0;
  return count_call(call, path, is_write);
}

static void die_torn(const char *call, int fd) {
  char path[PATH_MAX];
  char name[32];
  path_of(fd, path);
  snprintf(name, sizeof name, "half a %s", call);
  die(name, path);
}

/* Inode and time of birth: a number that was given anew is another file. */
static int key_of(int fd, const char *name, char *key, size_t room) {
  struct statx info;
  int flags = name[0] == '\0' ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW;
  if (statx(fd, name, flags, STATX_BASIC_STATS | STATX_BTIME, &info) != 0) return -1;
  snprintf(key, room, "%llu-%lld%09u", (unsigned long long)info.stx_ino, (long long)info.stx_btime.tv_sec,
           info.stx_btime.tv_nsec);
  return 0;
}

static void keep_file(int fd, int into) {
  static char area[1 << 20];
  off_t at = 0;
  for (;;) {
    ssize_t got = pread(fd, area, sizeof area, at);
    if (got <= 0) return;
    raw_write(into, area, got);
    at += got;
  }
}

static void keep_names(int fd, int into) {
  int again = syscall(SYS_openat, fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *directory = again < 0 ? NULL : fdopendir(again);
  if (directory == NULL) return;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    char key[80], line[NAME_MAX + 100];
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (key_of(again, entry->d_name, key, sizeof key) != 0) continue;
    int length = snprintf(line, sizeof line, "%s %s\n", key, entry->d_name);
    raw_write(into, line, length);
  }
  closedir(directory);
}

/* Called when the kernel has said that it is on the disk. Renamed into its place: a process that is killed here leaves the shadow of before. */
static void keep(int fd) {
  char path[PATH_MAX], key[80], target[PATH_MAX + 100], temporary[PATH_MAX + 16];
  int saved = errno;
  int folder = path_of(fd, path);
  struct stat info;
  if (folder < 0 || shadows[folder] == NULL || shadows[folder][0] == '\0') return;
  if (fstat(fd, &info) != 0 || key_of(fd, "", key, sizeof key) != 0) return;
  pthread_mutex_lock(&shadow_lock);
  snprintf(target, sizeof target, "%s/%c-%s", shadows[folder], S_ISDIR(info.st_mode) ? 'd' : 'f', key);
  snprintf(temporary, sizeof temporary, "%s/new", shadows[folder]);
  int into = syscall(SYS_openat, AT_FDCWD, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (into >= 0) {
    /* Through a descriptor of its own: the program's may be for writing only. */
    char link[48];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int from = syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC);
    if (from >= 0) {
      if (S_ISDIR(info.st_mode)) keep_names(from, into);
      else keep_file(from, into);
      syscall(SYS_close, from);
      syscall(SYS_renameat2, AT_FDCWD, temporary, AT_FDCWD, target, 0);
    }
    syscall(SYS_close, into);
  }
  pthread_mutex_unlock(&shadow_lock);
  errno = saved;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define SYNC(name)                                  \
  int name(int fd) {                                \
    static __typeof__(&name) real;                  \
    if (real == NULL) real = REAL(name);            \
    count_fd(#name, fd, 0);                         \
    int result = real(fd);                          \
    if (result == 0 && folder_count > 0) keep(fd);  \
    return result;                                  \
  }
SYNC(fsync)
SYNC(fdatasync)

#define OF_PATH(name, path, parameters, arguments) \
  int name parameters {                            \
    static __typeof__(&name) real;                 \
    if (real == NULL) real = REAL(name);           \
    count_call(#name, path, 0);                    \
    return real arguments;                         \
  }
OF_PATH(rename, to, (const char *from, const char *to), (from, to))
OF_PATH(unlink, path, (const char *path), (path))
OF_PATH(rmdir, path, (const char *path), (path))
OF_PATH(mkdir, path, (const char *path, mode_t mode), (path, mode))

#define OF_FD(name, parameters, arguments) \
  int name parameters {                    \
    static __typeof__(&name) real;         \
    if (real == NULL) real = REAL(name);   \
    count_fd(#name, fd, 0);                \
    return real arguments;                 \
  }
OF_FD(ftruncate, (int fd, off_t length), (fd, length))
OF_FD(ftruncate64, (int fd, off64_t length), (fd, length))

#define WRITE(name, parameters, whole, half)    \
  ssize_t name parameters {                     \
    static __typeof__(&name) real;              \
    if (real == NULL) real = REAL(name);        \
    if (count_fd(#name, fd, 1)) {               \
      half;                                     \
      die_torn(#name, fd);                      \
    }                                           \
    return real whole;                          \
  }

static size_t half_of(const struct iovec *pieces, int count, struct iovec *into) {
  size_t total = 0;
  int used = 0;
  for (int index = 0; index < count; index++) total += pieces[index].iov_len;
  for (size_t left = total / 2; left > 0 && used < count && used < 64; used++) {
    into[used] = pieces[used];
    if (into[used].iov_len > left) into[used].iov_len = left;
    left -= into[used].iov_len;
  }
  return used;
}

WRITE(write, (int fd, const void *bytes, size_t length), (fd, bytes, length), real(fd, bytes, length / 2))
WRITE(pwrite, (int fd, const void *bytes, size_t length, off_t at), (fd, bytes, length, at),
      real(fd, bytes, length / 2, at))
WRITE(pwrite64, (int fd, const void *bytes, size_t length, off64_t at), (fd, bytes, length, at),
      real(fd, bytes, length / 2, at))
WRITE(writev, (int fd, const struct iovec *pieces, int count), (fd, pieces, count),
      struct iovec some[64]; real(fd, some, half_of(pieces, count, some)))
WRITE(pwritev, (int fd, const struct iovec *pieces, int count, off_t at), (fd, pieces, count, at),
      struct iovec some[64]; real(fd, some, half_of(pieces, count, some), at))
WRITE(pwritev64, (int fd, const struct iovec *pieces, int count, off64_t at), (fd, pieces, count, at),
      struct iovec some[64]; real(fd, some, half_of(pieces, count, some), at))
