/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox/seccomp.h"

#include "base/error.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif
#ifndef TIOCLINUX
#define TIOCLINUX 0x541C
#endif

/* Refused whatever the arguments. ENOSYS where callers know to fall back on something else. */
typedef struct {
	int number;
	int code;
} Refused;

/* What an init does all the time, in a user namespace of its own, and nobody else. */
static const Refused refused_without_init[] = {
	/* mounts and roots: the sandbox has its own already */
	{SCMP_SYS(mount), EPERM},
	{SCMP_SYS(umount), EPERM},
	{SCMP_SYS(umount2), EPERM},
	{SCMP_SYS(pivot_root), EPERM},
	{SCMP_SYS(move_mount), EPERM},
	{SCMP_SYS(open_tree), EPERM},
	{SCMP_SYS(fsopen), EPERM},
	{SCMP_SYS(fsconfig), EPERM},
	{SCMP_SYS(fsmount), EPERM},
	{SCMP_SYS(fspick), EPERM},
	{SCMP_SYS(mount_setattr), EPERM},
	{SCMP_SYS(setns), EPERM},
	/* files by handle step around directory permissions */
	{SCMP_SYS(open_by_handle_at), EPERM},
	{SCMP_SYS(name_to_handle_at), EOPNOTSUPP},
};

static const Refused refused[] = {
	/* clone3 hides its flags behind a pointer; C libraries fall back on clone */
	{SCMP_SYS(clone3), ENOSYS},
	/* keys are not divided by namespaces */
	{SCMP_SYS(add_key), EPERM},
	{SCMP_SYS(request_key), EPERM},
	{SCMP_SYS(keyctl), EPERM},
	/* large kernel interfaces with a history; io_uring would also step around this filter */
	{SCMP_SYS(bpf), EPERM},
	{SCMP_SYS(perf_event_open), EPERM},
	{SCMP_SYS(userfaultfd), EPERM},
	{SCMP_SYS(io_uring_setup), ENOSYS},
	{SCMP_SYS(io_uring_enter), ENOSYS},
	{SCMP_SYS(io_uring_register), ENOSYS},
	{SCMP_SYS(vmsplice), EPERM},
	/* the machine */
	{SCMP_SYS(kexec_load), EPERM},
	{SCMP_SYS(kexec_file_load), EPERM},
	{SCMP_SYS(reboot), EPERM},
	{SCMP_SYS(init_module), EPERM},
	{SCMP_SYS(finit_module), EPERM},
	{SCMP_SYS(delete_module), EPERM},
	{SCMP_SYS(create_module), EPERM},
	{SCMP_SYS(iopl), EPERM},
	{SCMP_SYS(ioperm), EPERM},
	{SCMP_SYS(swapon), EPERM},
	{SCMP_SYS(swapoff), EPERM},
	{SCMP_SYS(acct), EPERM},
	{SCMP_SYS(quotactl), EPERM},
	{SCMP_SYS(quotactl_fd), EPERM},
	{SCMP_SYS(syslog), EPERM},
	{SCMP_SYS(settimeofday), EPERM},
	{SCMP_SYS(clock_settime), EPERM},
	{SCMP_SYS(stime), EPERM},
	{SCMP_SYS(vhangup), EPERM},
	{SCMP_SYS(lookup_dcookie), EPERM},
	{SCMP_SYS(uselib), ENOSYS},
	{SCMP_SYS(nfsservctl), ENOSYS},
};

static const unsigned int new_namespaces[] = {
	CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWTIME};

/* With one of its own, an init could mount the control groups of the host. */
static const unsigned int control_groups[] = {CLONE_NEWCGROUP};

static int refuse_calls(scmp_filter_ctx filter, const Refused *calls, gsize count)
{
	int result = 0;

	for (gsize i = 0; result == 0 && i < count; i++) {
		/* Negative: a call that this libseccomp knows on other architectures only. */
		result = seccomp_rule_add(
			filter, SCMP_ACT_ERRNO(calls[i].code), calls[i].number, 0);
		if (result == -EDOM)
			result = 0;
	}
	return result;
}

static int refuse_new(scmp_filter_ctx filter, const unsigned int *namespaces, gsize count)
{
	int result = 0;

	for (gsize i = 0; result == 0 && i < count; i++) {
		unsigned int flag = namespaces[i];
		struct scmp_arg_cmp has_flag = SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag);
		result = seccomp_rule_add_array(
			filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(unshare), 1, &has_flag);
		/* The low byte of clone's flags is the exit signal, which CLONE_NEWTIME would
		 * overlap. */
		if (result == 0 && flag != CLONE_NEWTIME)
			result = seccomp_rule_add_array(
				filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, &has_flag);
	}
	return result;
}

/* Typing into the caller's terminal, and a socket family that no namespace divides. The upper half
 * of an ioctl's number is ignored by the kernel, so it is here. */
static int refuse_arguments(scmp_filter_ctx filter)
{
	static const unsigned int requests[] = {TIOCSTI, TIOCLINUX};
	struct scmp_arg_cmp vsock = SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffff, AF_VSOCK);
	int result = 0;

	for (gsize i = 0; result == 0 && i < G_N_ELEMENTS(requests); i++) {
		struct scmp_arg_cmp request = SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, requests[i]);
		result = seccomp_rule_add_array(
			filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1, &request);
	}
	if (result == 0)
		result = seccomp_rule_add_array(
			filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1, &vsock);
	return result;
}

/* Older kernels slow down what runs under a filter, to keep it from reading its own memory by
 * speculation: nothing to be kept from a build, which would pay for it in time. */
static int keep_speed(scmp_filter_ctx filter)
{
	int result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);

	return result == -EEXIST || result == -EOPNOTSUPP || result == -EINVAL ? 0 : result;
}

/* A 64-bit machine also runs 32-bit builds; calls of any other architecture do not exist. */
static int add_architectures(scmp_filter_ctx filter)
{
	int result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));

	if (result == 0 && seccomp_arch_native() == SCMP_ARCH_X86_64)
		result = seccomp_arch_add(filter, SCMP_ARCH_X86);
	if (result == 0 && seccomp_arch_native() == SCMP_ARCH_AARCH64)
		result = seccomp_arch_add(filter, SCMP_ARCH_ARM);
	return result == -EEXIST ? 0 : result;
}

static int refuse_without_init(scmp_filter_ctx filter)
{
	int result = refuse_calls(filter, refused_without_init, G_N_ELEMENTS(refused_without_init));

	return result == 0 ? refuse_new(filter, new_namespaces, G_N_ELEMENTS(new_namespaces)) : result;
}

gboolean kiln_seccomp_load(gboolean for_init, GError **error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int result = filter ? add_architectures(filter) : -ENOMEM;

	if (result == 0)
		result = keep_speed(filter);
	if (result == 0)
		result = refuse_calls(filter, refused, G_N_ELEMENTS(refused));
	if (result == 0)
		result = refuse_new(filter, control_groups, G_N_ELEMENTS(control_groups));
	if (result == 0 && !for_init)
		result = refuse_without_init(filter);
	/* Set already, or not to be. */
	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	if (result == 0)
		result = refuse_arguments(filter);
	if (result == 0)
		result = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	if (result != 0)
		kiln_error_set_errno(error, -result, "loading the system call filter");
	return result == 0;
}
