/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox/terminal.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct termios saved;
static gboolean raw;

int kiln_terminal_open(const char *path, char **ret_slave, GError **error)
{
	int master = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	unsigned int number = 0;

	if (master >= 0 && unlockpt(master) == 0 && ioctl(master, TIOCGPTN, &number) == 0) {
		*ret_slave = g_strdup_printf("/dev/pts/%u", number);
		return master;
	}
	kiln_error_set_errno(error, errno, "opening a terminal in the sandbox");
	if (master >= 0)
		close(master);
	return -1;
}

gboolean kiln_terminal_adopt(const char *slave, GError **error)
{
	int fd = open(slave, O_RDWR | O_CLOEXEC);

	if (fd >= 0 && ioctl(fd, TIOCSCTTY, 0) == 0 && dup2(fd, 0) >= 0 && dup2(fd, 1) >= 0 &&
		dup2(fd, 2) >= 0)
		return TRUE;
	return kiln_error_set_errno(error, errno, "taking the sandbox's terminal \"%s\"", slave);
}

void kiln_terminal_enter_raw(void)
{
	struct termios settings;

	if (tcgetattr(0, &saved) != 0)
		return;
	settings = saved;
	cfmakeraw(&settings);
	raw = tcsetattr(0, TCSAFLUSH, &settings) == 0;
}

void kiln_terminal_leave_raw(void)
{
	if (raw)
		tcsetattr(0, TCSAFLUSH, &saved);
	raw = FALSE;
}

void kiln_terminal_copy_size(int master)
{
	struct winsize size;

	if (ioctl(0, TIOCGWINSZ, &size) == 0)
		ioctl(master, TIOCSWINSZ, &size);
}
