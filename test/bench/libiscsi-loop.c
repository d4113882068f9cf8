/*
 * The peer of the iSCSI rows of docs/performance.md: a bare loop of blocks through libiscsi, one command at a time.
 *
 *   libiscsi-loop URL write BLOCKBYTES FILE...   rewinds, then writes each file as blocks and a filemark
 *   libiscsi-loop URL read BLOCKBYTES FILES      rewinds, then reads blocks up to so many filemarks
 */
#include <fcntl.h>
#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct iscsi_context *iscsi;
static int lun;

static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, iscsi_get_error(iscsi));
  exit(1);
}

/* Returns 0 for GOOD, 1 for a filemark or a short block; ends the program for everything else. */
static int run(unsigned char operation, unsigned char flags, int length, int direction, unsigned char *memory) {
  struct scsi_task *task = calloc(1, sizeof *task);
  unsigned char cdb[6] = {operation, flags, length >> 16, length >> 8, length, 0};
  struct iscsi_data out = {length, memory};
  memcpy(task->cdb, cdb, sizeof cdb);
  task->cdb_size = sizeof cdb;
  task->xfer_dir = direction;
  task->expxferlen = direction == SCSI_XFER_NONE ? 0 : length;
  if (direction == SCSI_XFER_READ) scsi_task_add_data_in_buffer(task, length, memory);
  if (!iscsi_scsi_command_sync(iscsi, lun, task, direction == SCSI_XFER_WRITE ? &out : NULL)) fail("command");
  int answer = task->status == SCSI_STATUS_GOOD ? 0 : 1;
  /* NO SENSE with the filemark bit, or a block that is not as long as the others. */
  if (answer && direction == SCSI_XFER_WRITE) fail("write");
  int filemark = answer && task->datain.size > 4 && (task->datain.data[4] & 0x80);
  scsi_free_scsi_task(task);
  return filemark ? 2 : answer;
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  iscsi = iscsi_create_context("iqn.2026-11.grandsire:bench-peer");
  struct iscsi_url *url = iscsi_parse_full_url(iscsi, argv[1]);
  if (!url) fail("address");
  lun = url->lun;
  iscsi_set_session_type(iscsi, ISCSI_SESSION_NORMAL);
  iscsi_set_header_digest(iscsi, ISCSI_HEADER_DIGEST_NONE);
  if (iscsi_full_connect_sync(iscsi, url->portal, lun)) fail("login");
  int block = atoi(argv[3]);
  unsigned char *memory = malloc(block);
  while (run(0x00, 0, 0, SCSI_XFER_NONE, NULL)) {
  }
  if (run(0x01, 0, 0, SCSI_XFER_NONE, NULL)) fail("rewind");
  if (!strcmp(argv[2], "write")) {
    for (int file = 4; file < argc; file++) {
      int fd = open(argv[file], O_RDONLY);
      for (ssize_t got; (got = read(fd, memory, block)) > 0;) run(0x0a, 0, got, SCSI_XFER_WRITE, memory);
      close(fd);
      run(0x10, 0, 1, SCSI_XFER_NONE, NULL);
    }
  } else {
    for (int files = atoi(argv[4]); files > 0;) {
      if (run(0x08, 0, block, SCSI_XFER_READ, memory) == 2) files--;
    }
  }
  iscsi_logout_sync(iscsi);
  return 0;
}
