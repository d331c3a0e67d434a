/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kiln-root is asked to do in a sandbox, and what it answers. Plain values; the JSON form is
 * format/sandbox_request.h, the client engine/root.h, and kiln-root checks everything again.
 * All paths are absolute and canonical (no symbolic links below the allowed directories).
 */
#pragma once

#include <glib.h>

/* The build user of every target (mock's numbers): mockbuild:mock. */
#define KILN_SANDBOX_UID 1000
#define KILN_SANDBOX_GID 135

typedef enum {
	KILN_SANDBOX_INSTALL,  /* one librpm transaction into the tree: makes a layer */
	KILN_SANDBOX_RUN,      /* argv with the tree as root */
	KILN_SANDBOX_EVALUATE, /* kiln-spec with argv; sees the host's libraries in /, the tree in
				  /target */
	KILN_SANDBOX_REMOVE,   /* removes the directory `upper` with all that builds left in it */
} KilnSandboxKind;

typedef enum { KILN_SANDBOX_MOCKBUILD, KILN_SANDBOX_ROOT } KilnSandboxUser;

/* A file or directory of the host, seen in the sandbox. */
typedef struct {
	char *source;
	char *destination; /* below the tree's root; a missing mount point is created */
	gboolean writable;
} KilnSandboxBind;

/* A further overlay inside the sandbox, e.g. the clean root that dnf installs into. */
typedef struct {
	char *destination;
	char **layers;
	char *upper; /* as KilnSandboxRequest.upper */
} KilnSandboxTree;

/* One package file of an install; refused unless its bytes have this SHA-256. */
typedef struct {
	char *path;
	char *sha256;
} KilnSandboxPackage;

/* 0 = no limit. */
typedef struct {
	gint64 wall_s;
	gint64 idle_s; /* seconds without a byte of output */
	gint64 output_bytes;
	gint64 memory_bytes;
	gint64 processes;
	gint64 disk_bytes; /* of all that is in `upper`; run only */
} KilnSandboxLimits;

typedef struct {
	KilnSandboxKind kind;
	char **layers; /* trees of the layers, bottom first; may be empty for an install */
	char *upper;   /* receives `tree/` (the writes) and `work/`; NULL: a tmpfs, thrown away */
	GPtrArray *binds;	 /* of KilnSandboxBind */
	GPtrArray *trees;	 /* of KilnSandboxTree */
	KilnSandboxUser user;	 /* run only */
	char *hostname;		 /* NULL: "mock" */
	char **argv;		 /* run, evaluate */
	char **environment;	 /* NULL: the contract's, see kiln_sandbox_environment */
	gint64 processors;	 /* run only: RPM_BUILD_NCPUS on top of either; 0: not set */
	char *working_directory; /* NULL: "/builddir" for mockbuild, "/" for root */
	gboolean terminal;	 /* an interactive program on the caller's terminal */
	gboolean boot; /* run as root only: the tree's own init is started and `argv` runs beside it */
	char **network_hosts;	 /* names that /etc/hosts maps to 127.0.0.1 */
	char *personality;	 /* NULL or "linux32" */
	KilnSandboxLimits limits;
	GPtrArray *packages; /* of KilnSandboxPackage; install only */
	char **keys;	     /* files with armored public keys for the rpmdb; install only */
	char *macros; /* text: /etc/rpm/macros.kiln of an install, tail of .rpmmacros otherwise */
} KilnSandboxRequest;

typedef enum {
	KILN_SANDBOX_LIMIT_NONE,
	KILN_SANDBOX_LIMIT_WALL,
	KILN_SANDBOX_LIMIT_IDLE,
	KILN_SANDBOX_LIMIT_OUTPUT,
	KILN_SANDBOX_LIMIT_MEMORY,
	KILN_SANDBOX_LIMIT_PROCESSES,
	KILN_SANDBOX_LIMIT_DISK,
} KilnSandboxLimit;

/* Clear with kiln_sandbox_report_clear. */
typedef struct {
	int exit_status;	/* of the program: 0–255, 128 + signal when a signal ended it */
	int signal;		/* 0: it exited */
	KilnSandboxLimit limit; /* the limit that ended it */
	char *message;		/* one line on how it ended, NULL when it exited by itself */
	char **problems;	/* install: why the transaction was refused, in words; else empty */
	char *error_output;	/* evaluate: the start of stderr */
	char *limits_by; /* "cgroup1", "cgroup2" or "rlimit": what counts memory and processes */
	guint64 peak_memory_bytes; /* 0: not known */
	guint64 output_bytes;
	guint64 disk_bytes;   /* the most that was measured; 0: no limit, not measured */
	gint64 prepare_us;    /* checking the request, opening paths, verifying packages */
	gint64 namespaces_us; /* until the first process in the new namespaces runs */
	gint64 mounts_us;
	gint64 command_us; /* the program or the transaction */
	gint64 sync_us;	   /* install: writing the layer to disk */
	gint64 total_us;   /* of kiln-root, from its start */
} KilnSandboxReport;

/* Zeroed but for empty arrays. Fields are set by assignment (owned by the request). */
KilnSandboxRequest *kiln_sandbox_request_new(KilnSandboxKind kind);
void kiln_sandbox_request_free(KilnSandboxRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnSandboxRequest, kiln_sandbox_request_free)

/* Append to a request; arguments are copied. */
void kiln_sandbox_request_bind(KilnSandboxRequest *request, const char *source,
	const char *destination, gboolean writable);
void kiln_sandbox_request_tree(KilnSandboxRequest *request, const char *destination,
	const char *const *layers, const char *upper);
void kiln_sandbox_request_package(
	KilnSandboxRequest *request, const char *path, const char *sha256);

void kiln_sandbox_report_clear(KilnSandboxReport *report);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KilnSandboxReport, kiln_sandbox_report_clear)

/* TRUE when the program ended by itself with status 0. */
gboolean kiln_sandbox_report_succeeded(const KilnSandboxReport *report);

/* The environment of mock's contract for `user` (root: HOME=/root) with HOSTNAME=`hostname`. Caller
 * owns. */
char **kiln_sandbox_environment(KilnSandboxUser user, const char *hostname);

/* "wall", "idle" …: the names in reports; "none" for no limit. */
const char *kiln_sandbox_limit_name(KilnSandboxLimit limit);
