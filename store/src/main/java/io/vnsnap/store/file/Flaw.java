package io.vnsnap.store.file;

/** Why stored bytes cannot be trusted; whoever knows the file's name adds it. */
final class Flaw extends Exception {
  private static final long serialVersionUID = 1;

  Flaw(String what) {
    super(what);
  }

  static void when(boolean flawed, String what) throws Flaw {
    if (flawed) {
      throw new Flaw(what);
    }
  }

  /** What is wrong. */
  String what() {
    return String.valueOf(getMessage());
  }
}
