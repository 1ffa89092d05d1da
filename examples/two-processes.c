/* SPDX-License-Identifier: MIT */
/* Two processes, one buffer, one fence: the parent fills a buffer while the child already has it and waits. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <dmabuf/dma-heap.h>
#include <dmabuf/share.h>

#define SECOND 1000000000L

int main(void)
{
	struct dmabuf_vma vma = { .vm_size = 4096, .vm_prot = PROT_READ | PROT_WRITE };
	struct dma_fence *fence;
	struct dma_buf *buf;
	struct dmabuf_share_msg msg = { .bufs = &buf, .num_bufs = 1, .fences = &fence, .num_fences = 1 };
	int socks[2], failed = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks), status = 0;
	pid_t child = fork();
	struct dmabuf_share *share = dmabuf_share_connect(socks[!child], SECOND);

	if (failed || dmabuf_is_err(share))
		return 1;
	if (child) {
		struct dmabuf_timeline *work = dmabuf_timeline_create("producer");

		fence = dmabuf_timeline_fence(work);
		buf = dma_heap_buffer_alloc(dma_heap_find("system"), 4096, O_RDWR, 0);
		failed = dmabuf_share_send(share, &msg, SECOND) || dma_buf_mmap(buf, &vma, 0);
		strcpy(vma.vm_start, "hello, no copy was made");
		dmabuf_timeline_advance(work, fence->seqno); /* wakes the child */
		dmabuf_timeline_destroy(work);
	} else {
		failed = dmabuf_share_recv(share, &msg, SECOND) || dma_buf_mmap(buf, &vma, 0);
		dma_fence_wait(fence, false); /* nothing was written yet when the buffer arrived */
		printf("child: status %d, the buffer says \"%s\"\n", dma_fence_get_status(fence), (char *)vma.vm_start);
	}
	dma_fence_put(fence);
	dma_buf_put(buf);
	dmabuf_share_close(share);
	if (child)
		wait(&status);
	return failed || status;
}
