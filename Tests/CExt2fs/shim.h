/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests need of libext2fs (libext2fs-dev), the judge of the ext4 reader. */
#ifndef CEXT2FS_SHIM_H
#define CEXT2FS_SHIM_H
#include <ext2fs/ext2fs.h>

/* Swift can't take the address of a global variable of C, nor use the macros. */
static inline errcode_t cext2fs_open(const char *path, ext2_filsys *result)
{
    return ext2fs_open(path, EXT2_FLAG_64BITS, 0, 0, unix_io_manager, result);
}

static inline ext2_ino_t cext2fs_inode_of(const struct ext2_dir_entry *entry)
{
    return entry->inode;
}

static inline int cext2fs_name_length(const struct ext2_dir_entry *entry)
{
    return ext2fs_dirent_name_len(entry);
}

static inline const char *cext2fs_name(const struct ext2_dir_entry *entry)
{
    return entry->name;
}

static inline __u64 cext2fs_size(struct ext2_inode *inode)
{
    return EXT2_I_SIZE(inode);
}

static inline const char *cext2fs_block_field(const struct ext2_inode *inode)
{
    return (const char *)inode->i_block;
}
#endif
