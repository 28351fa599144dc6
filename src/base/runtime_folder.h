/*
 * runtime_folder.h - the folder of sockets and pid files, where processes of a host find each
 * other.
 */
#ifndef FOOTFALL_BASE_RUNTIME_FOLDER_H
#define FOOTFALL_BASE_RUNTIME_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

/* Writes its path: $RUNTIME_DIRECTORY (systemd.exec(5), the first of several), else /run/footfall
 * for root, else $XDG_RUNTIME_DIR/footfall. False when there is none, or it does not fit. */
bool runtime_folder_find(char *out_path, size_t bytes);

#endif
