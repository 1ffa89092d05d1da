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

static int consume(int sock)
{
	struct dmabuf_share *share = dmabuf_share_connect(sock, 1000000000L);
	struct dma_buf *buf;
	struct dma_fence *fence;
	struct dmabuf_share_msg msg = { .bufs = &buf, .num_bufs = 1, .fences = &fence, .num_fences = 1 };
	struct dmabuf_vma vma = { .vm_size = 4096, .vm_prot = PROT_READ };

	if (dmabuf_is_err(share) || dmabuf_share_recv(share, &msg, 1000000000L) || dma_buf_mmap(buf, &vma, 0))
		return 1;
	dma_fence_wait(fence, false); /* nothing was written when the buffer arrived */
	printf("child: status %d, the buffer says \"%s\"\n", dma_fence_get_status(fence), (char *)vma.vm_start);
	return 0;
}

static int produce(int sock)
{
	struct dmabuf_share *share = dmabuf_share_connect(sock, 1000000000L);
	struct dma_buf *buf = dma_heap_buffer_alloc(dma_heap_find("system"), 4096, O_RDWR, 0);
	struct dmabuf_timeline *work = dmabuf_timeline_create("producer");
	struct dma_fence *fence = dmabuf_timeline_fence(work);
	struct dmabuf_share_msg msg = { .bufs = &buf, .num_bufs = 1, .fences = &fence, .num_fences = 1 };
	struct dmabuf_vma vma = { .vm_size = 4096, .vm_prot = PROT_READ | PROT_WRITE };

	if (dmabuf_is_err(share) || dmabuf_share_send(share, &msg, 1000000000L) || dma_buf_mmap(buf, &vma, 0))
		return 1;
	strcpy(vma.vm_start, "hello, no copy was made");
	return dmabuf_timeline_advance(work, fence->seqno); /* wakes the child */
}

int main(void)
{
	int socks[2], child = 1, parent;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks))
		return 1;
	if (fork() == 0)
		return consume(socks[1]);
	parent = produce(socks[0]);
	wait(&child);
	return parent || child;
}
