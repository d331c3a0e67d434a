/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox/control.h"

#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define TEXT_MAX_BYTES 16384

typedef struct {
	gint64 sent_us;
	gint32 type, number;
} Head;

typedef union {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
} Passing;

gboolean kiln_control_open(int ret_ends[2], GError **error)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_ends) == 0)
		return TRUE;
	return kiln_error_set_errno(error, errno, "creating a socket");
}

static void attach_fd(struct msghdr *message, Passing *passing, int fd)
{
	struct cmsghdr *header;

	memset(passing, 0, sizeof(*passing));
	message->msg_control = passing->space;
	message->msg_controllen = sizeof(passing->space);
	header = CMSG_FIRSTHDR(message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
}

gboolean kiln_control_send(
	int fd, KilnControlType type, int number, const char *text, int passed_fd)
{
	Head head = {.sent_us = kiln_clock_monotonic_us(), .type = type, .number = number};
	gsize size = text ? MIN(strlen(text), TEXT_MAX_BYTES) : 0;
	struct iovec parts[] = {{&head, sizeof(head)}, {(void *)text, size}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	Passing passing;
	ssize_t sent;

	if (passed_fd >= 0)
		attach_fd(&message, &passing, passed_fd);
	do {
		sent = sendmsg(fd, &message, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent >= 0;
}

void kiln_control_send_error(int fd, const GError *error)
{
	kiln_control_send(
		fd, KILN_CONTROL_FAILURE, kiln_error_exit_status(error), error->message, -1);
}

static int take_fd(struct msghdr *message)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(header), sizeof(int));
	return fd;
}

gboolean kiln_control_receive(int fd, KilnControlMessage *ret_message)
{
	char text[TEXT_MAX_BYTES];
	Head head;
	Passing passing;
	struct iovec parts[] = {{&head, sizeof(head)}, {text, sizeof(text)}};
	struct msghdr message = {.msg_iov = parts,
		.msg_iovlen = 2,
		.msg_control = passing.space,
		.msg_controllen = sizeof(passing.space)};
	ssize_t got;

	/* ECONNRESET comes once, before what the other side had sent, when that ended without
	 * reading all of ours. */
	do {
		got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && (errno == EINTR || errno == ECONNRESET));
	if (got < (ssize_t)sizeof(head))
		return FALSE;
	*ret_message = (KilnControlMessage){
		.type = (KilnControlType)head.type,
		.sent_us = head.sent_us,
		.number = head.number,
		.fd = take_fd(&message),
		.text = g_strndup(text, (gsize)got - sizeof(head)),
	};
	return TRUE;
}
