package io.vnsnap.vm.qemu.lazy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vnsnap.store.ImageReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class OpeningTest {
  private static ByteBuffer ascii(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
  }

  /** Byte for byte what QEMU 7.2 and 10.0 were seen to take. */
  @Test
  void shouldBeWhatQemuTakes() {
    ByteBuffer opening =
        Opening.compose(
            ascii("START"),
            2,
            List.of(new ImageReader.Block("ram0", 0x2000), new ImageReader.Block("b", 0x1000)),
            ascii("DEVICES"));
    byte[] bytes = new byte[opening.remaining()];
    opening.get(bytes);
    String ram = "72616d30";
    assertThat(HexFormat.of().formatHex(bytes))
        .isEqualTo(
            "5354415254"
                + "0800010000"
                + "080002000400000001"
                + "080003001000000000000010000000000000001000"
                + "01"
                + "00000002"
                + "0372616d"
                + "00000000"
                + "00000004"
                + "0000000000003004"
                + "04"
                + ram
                + "0000000000002000"
                + "0162"
                + "0000000000001000"
                + "0000000000000010"
                + "7e00000002"
                + "0800060017"
                + "00"
                + "04"
                + ram
                + "00"
                + "0000000000000000"
                + "0000000000001000"
                + "080002000400000002"
                + "0800070004"
                + "0000001a"
                + "0800040000"
                + "44455649434553"
                + "080002000400000003"
                + "0800050000");
  }

  @Test
  void shouldRefuseMoreDevicesThanQemuTakes() {
    assertThatThrownBy(() ->
            Opening.compose(
                ascii("START"),
                2,
                SmallImage.BLOCKS,
                ByteBuffer.allocate(Opening.MAX_PACKAGE_BYTES)))
        .hasMessageContaining("cannot be loaded lazily");
  }
}
