/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/elf.h"

#include "model/capability.h"

#include <gelf.h>
#include <string.h>

#define VERSIONS_MAX 10000

gboolean kiln_elf_is_elf64(const guint8 *data, gsize size)
{
	return size > EI_NIDENT && memcmp(data, ELFMAG, SELFMAG) == 0 &&
	       data[EI_CLASS] == ELFCLASS64;
}

/* elfdeps passes over plugins: a library that others link against is called lib… or ld…. */
static gboolean is_linkable(const char *soname)
{
	static const char *const prefixes[] = {"lib", "ld.", "ld-", "ld64."};

	for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++) {
		if (g_str_has_prefix(soname, prefixes[i]))
			return strstr(soname, ".so") != NULL;
	}
	return FALSE;
}

static void add(GPtrArray *provides, const char *soname, const char *version)
{
	g_autofree char *name = g_strdup_printf("%s(%s)(64bit)", soname, version);

	kiln_capability_add(provides, name, KILN_SENSE_ANY, NULL);
}

static Elf_Scn *find_section(Elf *elf, guint type, GElf_Shdr *ret_header)
{
	for (Elf_Scn *section = elf_nextscn(elf, NULL); section;
		section = elf_nextscn(elf, section)) {
		if (gelf_getshdr(section, ret_header) && ret_header->sh_type == type)
			return section;
	}
	return NULL;
}

/* Borrowed from `elf`; NULL when there is none. */
static const char *find_soname(Elf *elf)
{
	GElf_Shdr header;
	Elf_Scn *section = find_section(elf, SHT_DYNAMIC, &header);
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	gsize count = data && header.sh_entsize ? header.sh_size / header.sh_entsize : 0;

	for (gsize i = 0; i < count && i < G_MAXINT; i++) {
		GElf_Dyn entry;
		if (gelf_getdyn(data, i, &entry) && entry.d_tag == DT_SONAME)
			return elf_strptr(elf, header.sh_link, entry.d_un.d_val);
	}
	return NULL;
}

/* The base definition names the library itself and is no version. */
static void add_versions(Elf *elf, const char *soname, GPtrArray *provides)
{
	GElf_Shdr header;
	Elf_Scn *section = find_section(elf, SHT_GNU_verdef, &header);
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	guint offset = 0;

	for (guint i = 0; data && i < header.sh_info && i < VERSIONS_MAX; i++) {
		GElf_Verdef definition;
		GElf_Verdaux name;
		const char *version;
		if (!gelf_getverdef(data, offset, &definition) ||
			!gelf_getverdaux(data, offset + definition.vd_aux, &name))
			return;
		version = elf_strptr(elf, header.sh_link, name.vda_name);
		if (version && !(definition.vd_flags & VER_FLG_BASE))
			add(provides, soname, version);
		if (definition.vd_next == 0)
			return;
		offset += definition.vd_next;
	}
}

void kiln_elf_add_provides(const guint8 *data, gsize size, GPtrArray *provides)
{
	GElf_Ehdr header;
	const char *soname;
	Elf *elf;

	if (!kiln_elf_is_elf64(data, size) || elf_version(EV_CURRENT) == EV_NONE)
		return;
	/* libelf takes a writable pointer but only reads a file opened this way. */
	elf = elf_memory((char *)data, size);
	soname = elf && gelf_getehdr(elf, &header) && header.e_type == ET_DYN ? find_soname(elf)
									      : NULL;
	if (soname && is_linkable(soname)) {
		add(provides, soname, "");
		add_versions(elf, soname, provides);
	}
	if (elf)
		elf_end(elf);
}
