package io.vnsnap.vm.qemu.stream;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Takes everything and keeps nothing. */
class NoSink implements StreamSink {

  @Override
  public void block(String name, long bytes) throws IOException {}

  @Override
  public void page(int block, long page, ByteBuffer content) throws IOException {}

  @Override
  public void zeroPage(int block, long page) throws IOException {}

  @Override
  public void outline(StreamOutline outline) throws IOException {}

  @Override
  public void rest(ByteBuffer bytes) throws IOException {}
}
