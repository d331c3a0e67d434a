/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the clients of a target accept, as data (repo-config/contracts/NAME.conf; format/contract_conf.h reads it), and
 * what breaks it. engine/contract.h applies a contract to files. No I/O.
 *
 * A rule is about one property of a package, a key, repository metadata or a .repo file. It says which values of that
 * property the client takes, what the client would do with another, and what to do about it.
 */
#pragma once

#include <glib.h>

typedef enum {
	/* packages */
	KILN_RULE_PAYLOAD,	      /* how the payload is compressed */
	KILN_RULE_RPMLIB,	      /* features of rpm the package asks for: "FileCaps" for rpmlib(FileCaps) */
	KILN_RULE_FILE_DIGESTS,	      /* algorithm of the files' digests */
	KILN_RULE_DEPENDENCIES,	      /* forms of dependencies, weak ones too; conflicts with itself */
	KILN_RULE_WEAK_DEPENDENCIES,  /* kinds of weak dependencies */
	KILN_RULE_VERSIONS,	      /* "tilde" and "caret", in its own version and in dependencies */
	KILN_RULE_SCRIPTLETS,	      /* what runs them */
	KILN_RULE_TRIGGERS,	      /* kinds of triggers */
	KILN_RULE_PACKAGE_SIGNATURE,  /* "rsa/sha256"; "none": unsigned */
	KILN_RULE_SIGNATURE_COVERAGE, /* what the signatures cover */
	/* keys */
	KILN_RULE_KEY,		 /* "rsa:4096", "ed25519:255" */
	KILN_RULE_KEY_SIGNATURE, /* digest of the key's signature on itself */
	KILN_RULE_SIGNING_KEY,	 /* which part of the key signs */
	KILN_RULE_KEY_STATE,
	KILN_RULE_KEY_FILE,
	/* metadata */
	KILN_RULE_METADATA_RECORDS,
	KILN_RULE_METADATA_COMPRESSION,
	KILN_RULE_DATABASE_COMPRESSION,
	KILN_RULE_METADATA_CHECKSUM,
	KILN_RULE_DATABASE_CHECKSUM, /* <open-checksum> of databases */
	KILN_RULE_PACKAGE_CHECKSUM,
	KILN_RULE_METADATA_INTEGRITY, /* what the client compares */
	KILN_RULE_TIMESTAMPS,
	KILN_RULE_REPOMD_SIZE,
	KILN_RULE_COMPS,
	KILN_RULE_METADATA_SIGNATURE,
	KILN_RULE_METADATA_SIGNATURE_COUNT,
	/* .repo files */
	KILN_RULE_REPO_OPTIONS,
	KILN_RULE_REPO_BOOLEANS,
	KILN_RULE_REPO_DURATIONS, /* forms of a time */
	KILN_RULE_REPO_VARIABLES, /* names; "${}": also in braces */
	KILN_RULE_REPO_URLS, /* schemes */
	KILN_RULE_REPO_KEYS,
	KILN_RULE_COUNT,
} KilnRuleKind;

typedef struct {
	/* Lists, NULL where the rule has none. */
	char **allowed;	 /* values the client takes, the one Kiln writes first; "rsa:1024-4096" is a range */
	char **required; /* what must be there */
	char **used;	 /* what may be there and is of use to the client; anything else it passes over */
	char **beside;	 /* values taken only where a database of the same kind is offered in gz */
	gint64 maximum;	 /* 0: the rule has none */
	gboolean is_warning; /* breaking it harms, but the client goes on */
	char *consequence; /* what the client would do: "refuses …" */
	char *fix;	   /* the next step */
	GHashTable *consequences, *fixes; /* by value, for values that have their own */
} KilnRule;

typedef struct {
	char *name;
	char *client; /* "yum 3.2.29 with rpm 4.8" */
	KilnRule rules[KILN_RULE_COUNT];
} KilnContract;

KilnContract *kiln_contract_new(void);
void kiln_contract_free(KilnContract *contract);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnContract, kiln_contract_free)

/* "signature-coverage": the rule's section in the file, and its name in messages. */
const char *kiln_rule_name(KilnRuleKind kind);

/* Whether `value` ("xz", "rsa:2048") is among those the rule allows. */
gboolean kiln_rule_allows(const KilnRule *rule, const char *value);

/* What metadata to write for the clients of a contract. Borrowed from it; lists end with NULL, best first. */
typedef struct {
	const char *const *xml_compressions;      /* "gz", "bz2", "xz", "zstd", "none" */
	const char *const *database_compressions; /* the same words; empty: no database may be offered */
	gboolean databases_are_used;              /* the client reads primary_db … when they are there */
	gboolean databases_are_required;
	const char *checksum;             /* "sha256" */
	gboolean zchunk_is_allowed;       /* *_zck records do no harm */
	gboolean zchunk_is_used;          /* … and the client reads them */
	gboolean comps_plain, comps_gz;   /* comps are offered as group, and as group_gz */
	gint64 repomd_max_bytes;          /* 0: no limit */
	gboolean timestamps_are_integers; /* they must be */
} KilnContractMetadata;

void kiln_contract_metadata(const KilnContract *contract, KilnContractMetadata *ret_metadata);

/* One thing that breaks a contract. Sentences have no final period. */
typedef struct {
	char *object;	   /* NEVRA of a package, path of a file as it was given, "repodata/FILE" */
	char *rule;	   /* "payload" */
	char *found;	   /* "its payload is compressed by zstd" */
	char *consequence; /* "yum 3.2.29 with rpm 4.8 refuses …" */
	char *fix;
	gboolean is_warning; /* worth telling, but nothing to refuse for */
} KilnViolation;

void kiln_violation_free(KilnViolation *violation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnViolation, kiln_violation_free)

/* An empty list of KilnViolation that frees them. */
GPtrArray *kiln_violations_new(void);

/* Appends what breaks the rule `kind`: `value` ("rsa/md5", may be NULL) chooses consequence and fix, by itself or by what
 * stands before its "/" or ":"; `found` says it in words. The same thing of one object is told once. */
void kiln_violations_add(GPtrArray *violations, const KilnContract *contract, KilnRuleKind kind, const char *object,
	const char *value, const char *found);

/* Those that are no warnings. */
guint kiln_violations_count(const GPtrArray *violations);

/* "OBJECT: FOUND (rule RULE): CONSEQUENCE; FIX", one line. Caller owns. */
char *kiln_violation_text(const KilnViolation *violation);

/* The text of each that is no warning (or each that is one), a line each; "" for none. Caller owns. */
char *kiln_violations_text(const GPtrArray *violations, gboolean warnings);
