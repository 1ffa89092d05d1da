/* SPDX-License-Identifier: MIT */
/*
 * The kernel's trace events of fences are static probes here. A tracer finds them in the notes of the file; so does this
 * program, which holds the whole library, in its own.
 */
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "test.h"

struct image {
	const char *bytes;
	size_t size;
};

static struct image own_image(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct image image = { NULL, 0 };
	struct stat st;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	image.size = st.st_size;
	image.bytes = mmap(NULL, image.size, PROT_READ, MAP_PRIVATE, fd, 0);
	ck_assert_ptr_ne(image.bytes, MAP_FAILED);
	close(fd);
	return image;
}

/* The section of the probes' notes; NULL if the library was built without them. */
static const Elf64_Shdr *probe_section(const struct image *image)
{
	const Elf64_Ehdr *head = (const Elf64_Ehdr *)image->bytes;
	const Elf64_Shdr *sections = (const Elf64_Shdr *)(image->bytes + head->e_shoff);
	const char *names = image->bytes + sections[head->e_shstrndx].sh_offset;
	int i;

	for (i = 0; i < head->e_shnum; i++) {
		if (!strcmp(names + sections[i].sh_name, ".note.stapsdt"))
			return &sections[i];
	}
	return NULL;
}

static int count_words(const char *text)
{
	int words = 0;

	for (; *text; text++)
		words += *text != ' ' && (text[1] == ' ' || !text[1]);
	return words;
}

/* How many places fire the probe, or -1 for a build without probes. Each must have four arguments. */
static int probe_places(const char *provider, const char *probe)
{
	struct image image = own_image();
	const Elf64_Shdr *section = probe_section(&image);
	size_t at, end;
	int places = 0;

	if (!section)
		return -1;
	for (at = section->sh_offset, end = at + section->sh_size; at < end;) {
		const Elf64_Nhdr *note = (const Elf64_Nhdr *)(image.bytes + at);
		const char *text = image.bytes + at + sizeof(*note) + ((note->n_namesz + 3) & ~3u);
		const char *name, *arguments;

		text += 3 * sizeof(uint64_t); /* place, base, counter */
		name = text + strlen(text) + 1;
		arguments = name + strlen(name) + 1;
		if (!strcmp(text, provider) && !strcmp(name, probe)) {
			ck_assert_int_eq(count_words(arguments), 4);
			places++;
		}
		at += sizeof(*note) + ((note->n_namesz + 3) & ~3u) + ((note->n_descsz + 3) & ~3u);
	}
	return places;
}

static const char *const probes[] = { "dma_fence_init",		 "dma_fence_destroy",
				      "dma_fence_enable_signal", "dma_fence_signaled",
				      "dma_fence_wait_start",	 "dma_fence_wait_end" };

/* spec: fence.md 8 names; fields driver, timeline, context, seqno: four arguments */
TEST_EACH(probe_is_there_with_its_four_fields, 0, 6)
{
	int places = probe_places("dma_fence", probes[_i]);

	if (places < 0)
		skip("built without probes");
	ck_assert_msg(places > 0, "nothing fires %s", probes[_i]);
}

/* spec: fence.md 8 dma_fence_emit "never by the core" */
TEST(probe_emit_is_left_to_drivers)
{
	if (probe_places("dma_fence", "dma_fence_init") < 0)
		skip("built without probes");
	ck_assert_int_eq(probe_places("dma_fence", "dma_fence_emit"), 0);
}
