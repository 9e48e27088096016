/* Loaded into one program by LD_PRELOAD: its own wall clock and a slow disk, as a file says.
 *
 * FAULTS_CONTROL names a file of two signed 64 bit numbers: nanoseconds that the wall clock is off,
 * and microseconds that every fsync waits before it begins. Monotonic clocks are left alone, as they
 * are by a machine whose clock is set.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t nothing[2];
static volatile int64_t *control = nothing;

__attribute__((constructor)) static void begin(void)
{
  const char *path = getenv("FAULTS_CONTROL");
  int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return;
  void *page = mmap(NULL, sizeof nothing, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (page != MAP_FAILED)
    control = page;
}

static int64_t shifted(int64_t nanoseconds)
{
  return nanoseconds + control[0];
}

int clock_gettime(clockid_t clock, struct timespec *found)
{
  static int (*real)(clockid_t, struct timespec *);
  if (real == NULL)
    real = dlsym(RTLD_NEXT, "clock_gettime");
  int status = real(clock, found);
  if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    int64_t now = shifted(found->tv_sec * INT64_C(1000000000) + found->tv_nsec);
    found->tv_sec = now / 1000000000;
    found->tv_nsec = now % 1000000000;
  }
  return status;
}

int gettimeofday(struct timeval *found, void *zone)
{
  struct timespec now;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &now);
  found->tv_sec = now.tv_sec;
  found->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *found)
{
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (found != NULL)
    *found = now.tv_sec;
  return now.tv_sec;
}

static void wait_for_disk(void)
{
  int64_t delay = control[1];
  if (delay > 0)
    usleep((useconds_t)delay);
}

int fsync(int file)
{
  static int (*real)(int);
  if (real == NULL)
    real = dlsym(RTLD_NEXT, "fsync");
  wait_for_disk();
  return real(file);
}

int fdatasync(int file)
{
  static int (*real)(int);
  if (real == NULL)
    real = dlsym(RTLD_NEXT, "fdatasync");
  wait_for_disk();
  return real(file);
}
