package io.vnsnap.proto.topology;

/**
 * One thing in a topology that must be written otherwise.
 *
 * @param kind what it is about
 * @param name name of what it is about, as written; a VNIC's or disk's is "vm/name"
 * @param line line in the topology file, 0 if unknown
 * @param message what is wrong, without the advice
 * @param advice what to write instead
 */
public record Violation(Kind kind, String name, int line, String message, String advice) {

  /** What a violation is about. */
  public enum Kind {
    /** The VNE itself. */
    VNE("VNE"),
    /** A link. */
    LINK("link"),
    /** A VM. */
    VM("VM"),
    /** A VNIC of a VM. */
    VNIC("VNIC"),
    /** A disk of a VM. */
    DISK("disk");

    private final String word;

    Kind(String word) {
      this.word = word;
    }

    /** How users call it. */
    public String word() {
      return word;
    }
  }

  /** One line for the person who must act; the file's name is the caller's to put before it. */
  public String text() {
    String where = line > 0 ? "line " + line + ": " : "";
    return where + kind.word() + " \"" + name + "\": " + message + "; " + advice;
  }
}
