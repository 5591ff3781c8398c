package io.vnsnap.shell.render;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.vnsnap.proto.Manifest;
import io.vnsnap.store.transfer.SnapshotExport;
import io.vnsnap.store.transfer.SnapshotImport;
import java.util.List;

/** What became of an export or import, for people and for programs. */
public final class TransferView {
  private TransferView() {}

  /** One line. */
  public static List<String> exported(
      Manifest manifest, SnapshotExport.Written written, String file) {
    return List.of(
        Plain.line(
            "Snapshot %s is in %s: %s for %s, %s pages"
                .formatted(
                    manifest.getSnapshotId(),
                    file,
                    Units.bytes(written.bytes()),
                    Units.bytes(SnapshotFigures.of(manifest).logicalBytes()),
                    Units.count(written.pages()))));
  }

  /** The same for programs. */
  public static List<String> exportedJson(
      Manifest manifest, SnapshotExport.Written written, String file) {
    return JsonView.text(
            JsonNodeFactory.instance
                .objectNode()
                .put("snapshot", manifest.getSnapshotId())
                .put("file", file)
                .put("bytes", written.bytes())
                .put("pages", written.pages())
                .put("logicalBytes", SnapshotFigures.of(manifest).logicalBytes()))
        .lines()
        .toList();
  }

  /** One line. */
  public static List<String> imported(SnapshotImport.Imported imported) {
    Manifest manifest = imported.manifest();
    SnapshotFigures figures = SnapshotFigures.of(manifest);
    return List.of(
        Plain.line(
            imported.known()
                ? "Snapshot %s was in the store already; the file is intact"
                    .formatted(manifest.getSnapshotId())
                : "Snapshot %s of VNE %s is imported: %s, the store grew by %s"
                    .formatted(
                        manifest.getSnapshotId(),
                        manifest.getVne(),
                        Units.bytes(figures.logicalBytes()),
                        Units.bytes(figures.addedBytes()))));
  }

  /** The same for programs. */
  public static List<String> importedJson(SnapshotImport.Imported imported) {
    SnapshotFigures figures = SnapshotFigures.of(imported.manifest());
    return JsonView.text(
            JsonNodeFactory.instance
                .objectNode()
                .put("snapshot", imported.manifest().getSnapshotId())
                .put("vne", imported.manifest().getVne())
                .put("wasThere", imported.known())
                .put("logicalBytes", figures.logicalBytes())
                .put("addedBytes", figures.addedBytes()))
        .lines()
        .toList();
  }
}
