/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox/privilege.h"

#include "base/error.h"
#include "model/sandbox.h"
#include "sandbox/seccomp.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIT(capability) (G_GUINT64_CONSTANT(1) << (capability))

/* What root needs over its own files and processes, as in an ordinary container; nothing that
 * concerns mounts, devices, the network's configuration, time, or other processes' memory. */
#define ROOT_CAPABILITIES                                                                          \
	(BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) | BIT(CAP_FSETID) |              \
		BIT(CAP_SETUID) | BIT(CAP_SETGID) | BIT(CAP_SETPCAP) | BIT(CAP_SETFCAP) |          \
		BIT(CAP_KILL) | BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_SYS_CHROOT))

/* As systemd-nspawn gives: nothing of modules, clocks and devices, so that their units do not start. */
#define INIT_CAPABILITIES                                                                          \
	(ROOT_CAPABILITIES | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_IPC_OWNER) | BIT(CAP_LEASE) |      \
		BIT(CAP_NET_ADMIN) | BIT(CAP_NET_RAW) | BIT(CAP_SYS_ADMIN) | BIT(CAP_SYS_BOOT) |   \
		BIT(CAP_SYS_NICE) | BIT(CAP_SYS_PTRACE) | BIT(CAP_SYS_RESOURCE) |                  \
		BIT(CAP_AUDIT_WRITE))

static guint64 kept_capabilities(KilnPrivilege privilege)
{
	switch (privilege) {
	case KILN_PRIVILEGE_BUILD:
		return 0;
	case KILN_PRIVILEGE_ROOT:
	case KILN_PRIVILEGE_INSTALL:
		return ROOT_CAPABILITIES;
	case KILN_PRIVILEGE_EVALUATE:
		return BIT(CAP_SYS_CHROOT) | BIT(CAP_SETUID) | BIT(CAP_SETGID);
	case KILN_PRIVILEGE_INIT:
		return INIT_CAPABILITIES;
	}
	g_assert_not_reached();
}

static gboolean drop_bounding_set(guint64 kept, GError **error)
{
	for (int i = 0; prctl(PR_CAPBSET_READ, i) >= 0; i++)
		if (!(kept & BIT(i)) && prctl(PR_CAPBSET_DROP, i) != 0)
			return kiln_error_set_errno(error, errno, "dropping capability %d", i);
	return TRUE;
}

static gboolean set_capabilities(guint64 kept, GError **error)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.effective = (guint32)kept, .permitted = (guint32)kept},
		{.effective = (guint32)(kept >> 32), .permitted = (guint32)(kept >> 32)},
	};

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 ||
		syscall(SYS_capset, &header, data) != 0)
		return kiln_error_set_errno(error, errno, "setting capabilities");
	return TRUE;
}

static gboolean set_user(KilnPrivilege privilege, GError **error)
{
	gboolean build = privilege == KILN_PRIVILEGE_BUILD;
	uid_t uid = build ? KILN_SANDBOX_UID : 0;
	gid_t gid = build ? KILN_SANDBOX_GID : 0;

	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 ||
		setresuid(uid, uid, uid) != 0)
		return kiln_error_set_errno(error, errno, "becoming user %u", uid);
	return TRUE;
}

static gboolean set_limit(__rlimit_resource_t resource, rlim_t soft, rlim_t hard, GError **error)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) != 0)
		return kiln_error_set_errno(error, errno, "reading a resource limit");
	limit.rlim_max = MIN(limit.rlim_max, hard);
	limit.rlim_cur = MIN(limit.rlim_max, soft);
	if (setrlimit(resource, &limit) != 0)
		return kiln_error_set_errno(error, errno, "setting a resource limit");
	return TRUE;
}

/* No core files: the host's core_pattern would hand them to a program outside. */
static gboolean set_limits(KilnPrivilege privilege, gint64 processes, GError **error)
{
	/* A transaction holds all its packages open. */
	rlim_t files = privilege == KILN_PRIVILEGE_INSTALL ? 16384 : 1024;

	return set_limit(RLIMIT_CORE, 0, 0, error) &&
	       set_limit(RLIMIT_NOFILE, files, 524288, error) &&
	       set_limit(RLIMIT_STACK, 8 << 20, RLIM_INFINITY, error) &&
	       (processes <= 0 ||
		       set_limit(RLIMIT_NPROC, (rlim_t)processes, (rlim_t)processes, error));
}

static gboolean drop_rights(KilnPrivilege privilege, GError **error)
{
	guint64 kept = kept_capabilities(privilege);

	if (!drop_bounding_set(kept, error) || !set_user(privilege, error) ||
		!set_capabilities(kept, error))
		return FALSE;
	/* Set-user-ID programs of a host work: all within its user namespace. */
	return privilege == KILN_PRIVILEGE_INIT ||
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ||
	       kiln_error_set_errno(error, errno, "giving up new privileges");
}

gboolean kiln_privilege_drop(
	KilnPrivilege privilege, gint64 processes, gint64 memory_bytes, GError **error)
{
	if (!set_limits(privilege, processes, error) || !drop_rights(privilege, error) ||
		!kiln_seccomp_load(privilege == KILN_PRIVILEGE_INIT, error))
		return FALSE;
	/* Last, for nothing of ours can be allocated beyond it. */
	return memory_bytes <= 0 ||
	       set_limit(RLIMIT_AS, (rlim_t)memory_bytes, (rlim_t)memory_bytes, error);
}
