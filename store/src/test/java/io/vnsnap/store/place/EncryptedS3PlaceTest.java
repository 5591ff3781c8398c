package io.vnsnap.store.place;

class EncryptedS3PlaceTest extends PlaceContract {
  private final String prefix = S3Server.newPrefix();

  @Override
  protected Place openAnother() throws Exception {
    return EncryptedPlace.open(S3Server.running().open(prefix), EncryptedPlaceTest.KEY);
  }
}
