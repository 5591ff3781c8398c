package io.vnsnap.it.structure;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** The one direction of dependencies, as drawn in docs/architecture.md. */
class ModuleRulesTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.vnsnap");

  /** Module to the modules it may use. */
  private static final Map<String, List<String>> ALLOWED =
      Map.of(
          "proto", List.of(),
          "store", List.of("proto"),
          "net", List.of("proto"),
          "vm", List.of("proto", "store"),
          "host", List.of("proto", "store", "net", "vm"),
          "coordinator", List.of("proto"),
          "shell", List.of("proto", "store", "net", "vm", "host", "coordinator"),
          "simulation", List.of("proto", "store", "net", "vm", "host", "coordinator"));

  static final List<String> MODULES = List.copyOf(ALLOWED.keySet());

  @ParameterizedTest
  @FieldSource("MODULES")
  void shouldDependOnlyOnModulesBelow(String module) {
    String[] forbidden =
        ALLOWED.keySet().stream()
            .filter(other -> !other.equals(module) && !allowed(module).contains(other))
            .map(other -> "io.vnsnap." + other + "..")
            .toArray(String[]::new);
    assertThat(CLASSES.stream().anyMatch(c -> c.getPackageName().startsWith("io.vnsnap." + module)))
        .as("classes of " + module)
        .isTrue();
    if (forbidden.length > 0) {
      noClasses()
          .that()
          .resideInAPackage("io.vnsnap." + module + "..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(forbidden)
          .check(CLASSES);
    }
  }

  @Test
  void shouldKeepAkkaOutOfDomainTypes() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "io.vnsnap.store..",
            "io.vnsnap.proto",
            "io.vnsnap.proto.topology..",
            "io.vnsnap.net.frame..",
            "io.vnsnap.net.port..",
            "io.vnsnap.net.gate..",
            "io.vnsnap.net.link..",
            "io.vnsnap.net.trunk..",
            "io.vnsnap.vm.qemu..",
            "io.vnsnap.vm.sim..",
            "io.vnsnap.shell.api..",
            "io.vnsnap.shell.topology..",
            "io.vnsnap.shell.control..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("akka..")
        .check(CLASSES);
  }

  @Test
  void shouldHaveNoCyclesBetweenPackagesOfAModule() {
    for (String module : List.of("store", "net", "vm", "host", "shell", "simulation")) {
      slices().matching("io.vnsnap." + module + ".(*)..").should().beFreeOfCycles().check(CLASSES);
    }
  }

  private static List<String> allowed(String module) {
    return ALLOWED.getOrDefault(module, List.of());
  }
}
