/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox/disk.h"

#include "base/clock.h"
#include "sandbox/usage.h"

#include <sys/eventfd.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define SLICE_US (100 * 1000)		   /* between looks at the file system's free space */
#define PAUSE_MIN_US (500 * 1000)	   /* between measurements without a reason */
#define PAUSE_SHARE 50			   /* of the time: 2 % */
#define HASTE_SHARE 10			   /* with a reason: 10 % */

struct KilnDisk {
	int upper_fd, exceeded_fd;
	gint64 limit_bytes;
	pid_t first;
	GThread *thread;
	GMutex lock; /* of what follows */
	GCond changed;
	gboolean is_ended;
	guint64 bytes, most_bytes; /* measured last, and ever */
	/* Of the thread: */
	gint64 free_bytes;	  /* of the file system when that measurement began */
	gint64 next_us, hasty_us; /* the next one is due; may be made for a reason */
};

KilnDisk *kiln_disk_new(int upper_fd, gint64 limit_bytes)
{
	KilnDisk *disk = g_new0(KilnDisk, 1);

	disk->upper_fd = upper_fd;
	disk->exceeded_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	disk->limit_bytes = limit_bytes;
	g_mutex_init(&disk->lock);
	g_cond_init(&disk->changed);
	return disk;
}

static gint64 free_bytes(const KilnDisk *disk)
{
	struct statvfs status;

	if (fstatvfs(disk->upper_fd, &status) != 0)
		return 0;
	return (gint64)status.f_bfree * (gint64)status.f_frsize;
}

static gint64 cpu_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

static void set_measured(KilnDisk *disk, guint64 bytes)
{
	g_mutex_lock(&disk->lock);
	disk->bytes = bytes;
	disk->most_bytes = MAX(disk->most_bytes, bytes);
	g_mutex_unlock(&disk->lock);
}

static void measure(KilnDisk *disk)
{
	gint64 began_us = kiln_clock_monotonic_us(), began_cpu_us = cpu_us(), cost_us;
	guint64 bytes, one = 1;

	disk->free_bytes = free_bytes(disk);
	bytes = kiln_usage_of_tree(disk->upper_fd) + kiln_usage_of_nameless(disk->first);
	set_measured(disk, bytes);
	/* Waiting for a cold disk keeps others from it: less bad than processor time, but not nothing. */
	cost_us = MAX(cpu_us() - began_cpu_us, (kiln_clock_monotonic_us() - began_us) / 8);
	disk->next_us = began_us + MAX(PAUSE_MIN_US, PAUSE_SHARE * cost_us);
	disk->hasty_us = began_us + HASTE_SHARE * cost_us;
	if (bytes > (guint64)disk->limit_bytes) {
		ssize_t ignored = write(disk->exceeded_fd, &one, sizeof(one));
		(void)ignored; /* refused only when it is readable anyway */
	}
}

/* Whether since the last measurement so much was written on the file system, by whomever, that the
 * limit may be passed. */
static gboolean is_suspicious(const KilnDisk *disk)
{
	return free_bytes(disk) <= disk->free_bytes - (disk->limit_bytes - (gint64)disk->bytes);
}

static gboolean await_end(KilnDisk *disk)
{
	gint64 until_us = kiln_clock_monotonic_us() + SLICE_US;
	gboolean is_ended;

	g_mutex_lock(&disk->lock);
	while (!disk->is_ended && g_cond_wait_until(&disk->changed, &disk->lock, until_us))
		;
	is_ended = disk->is_ended;
	g_mutex_unlock(&disk->lock);
	return is_ended;
}

static gpointer watch(gpointer data)
{
	KilnDisk *disk = data;

	while (!await_end(disk)) {
		gint64 now = kiln_clock_monotonic_us();
		if (now >= disk->next_us || (now >= disk->hasty_us && is_suspicious(disk)))
			measure(disk);
	}
	return NULL;
}

void kiln_disk_start(KilnDisk *disk, pid_t first)
{
	disk->first = first;
	disk->free_bytes = free_bytes(disk);
	disk->next_us = kiln_clock_monotonic_us() + PAUSE_MIN_US;
	disk->thread = g_thread_new("disk", watch, disk);
}

int kiln_disk_fd(const KilnDisk *disk)
{
	return disk ? disk->exceeded_fd : -1;
}

guint64 kiln_disk_take(KilnDisk *disk)
{
	guint64 count, bytes;
	ssize_t ignored = read(disk->exceeded_fd, &count, sizeof(count));

	(void)ignored;
	g_mutex_lock(&disk->lock);
	bytes = disk->bytes;
	g_mutex_unlock(&disk->lock);
	return bytes;
}

static void end_thread(KilnDisk *disk)
{
	if (!disk->thread)
		return;
	g_mutex_lock(&disk->lock);
	disk->is_ended = TRUE;
	g_cond_signal(&disk->changed);
	g_mutex_unlock(&disk->lock);
	g_thread_join(g_steal_pointer(&disk->thread));
}

guint64 kiln_disk_finish(KilnDisk *disk)
{
	if (!disk)
		return 0;
	end_thread(disk);
	if (disk->most_bytes == 0 || kiln_clock_monotonic_us() >= disk->next_us || is_suspicious(disk))
		set_measured(disk, kiln_usage_of_tree(disk->upper_fd));
	return disk->most_bytes;
}

void kiln_disk_free(KilnDisk *disk)
{
	if (!disk)
		return;
	end_thread(disk);
	close(disk->upper_fd);
	close(disk->exceeded_fd);
	g_mutex_clear(&disk->lock);
	g_cond_clear(&disk->changed);
	g_free(disk);
}
