/**
 * The snapshot store in a directory, local or shared between hosts: one stream file per image,
 * channel logs, manifest last. {@code docs/store-format.md} is the specification; what is on disk
 * and in which order it gets there is decided nowhere else. Only {@link
 * io.vnsnap.store.file.FileStore} is for use outside.
 */
@NullMarked
package io.vnsnap.store.file;

import org.jspecify.annotations.NullMarked;
