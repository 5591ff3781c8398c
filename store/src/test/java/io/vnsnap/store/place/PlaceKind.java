package io.vnsnap.store.place;

import java.nio.file.Path;

/** The kinds of place there are, for tests of what lies on top of them. */
public enum PlaceKind {
  DIRECTORY,
  ENCRYPTED_DIRECTORY,
  OBJECT_STORAGE,
  ENCRYPTED_OBJECT_STORAGE;

  /**
   * Opens a place of this kind.
   *
   * @param directory where it is, if it is one
   * @param prefix where it is, if it is object storage
   */
  public Place open(Path directory, String prefix) throws Exception {
    return switch (this) {
      case DIRECTORY -> DirectoryPlace.open(directory);
      case ENCRYPTED_DIRECTORY ->
          EncryptedPlace.open(DirectoryPlace.open(directory), EncryptedPlaceTest.KEY);
      case OBJECT_STORAGE -> S3Server.running().open(prefix);
      case ENCRYPTED_OBJECT_STORAGE ->
          EncryptedPlace.open(S3Server.running().open(prefix), EncryptedPlaceTest.KEY);
    };
  }
}
