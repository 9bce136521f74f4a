"""Small images for the runtime's tests: one compartment, bound by a linker script as the weaver does.

Every object's definitions become def.OBJECT.NAME and what it wants ref.OBJECT.NAME, so that each
reference is bound where docs/hardening.md says, and one that the document forgets is a link error.
"""

import fnmatch
import pathlib
import shutil
import subprocess

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
KERNEL = ROOT / "src/kernel"
BASE = ["--target=x86_64-unknown-none-elf", "-std=c++20", "-ffreestanding", "-fno-exceptions",
        "-fno-rtti", "-fno-pic", "-mcmodel=small", "-O2", "-g", "-ffunction-sections",
        "-fdata-sections", "-fno-asynchronous-unwind-tables", "-fno-stack-protector", "-Wall",
        "-Wextra", "-Wshadow", "-Wconversion", "-Werror", "-Isrc/kernel/include",
        "-Isrc/kernel/components", "-Isrc/kernel"]
HASHES_ONLY = ["-fsanitize=kcfi",
               "-fsanitize-ignorelist=src/kernel/runtime/kcfi-hashes-only.txt"]
RUNTIME = sorted(str(p.relative_to(ROOT)) for p in (KERNEL / "runtime").glob("*.[cS]*"))
ASAN_HEAP = ["src/kernel/runtime/asan_heap/heap.cc"]
SIZES = {"heap": 8 << 20, "stack": 64 << 10, "unsafe": 64 << 10, "data": 64 << 10, "threads": 2}


def tool(name):
    for candidate in (name + "-19", name, name.replace("llvm-", "")):
        if shutil.which(candidate):
            return candidate
    raise RuntimeError("no " + name)


def run(*command, **options):
    done = subprocess.run([str(c) for c in command], cwd=ROOT, capture_output=True, text=True,
                          **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def hardening_flags(names):
    flags = [] if "cfi" in names else list(HASHES_ONLY)
    for name in names:
        with open(ROOT / f"specs/hardening/{name}.yaml", encoding="utf-8") as file:
            flags += yaml.safe_load(file)["compiler"]
    return flags


def symbols(path):
    """What an object defines for others, and what it wants."""
    defined, wanted = set(), set()
    for line in run(tool("llvm-nm"), "-g", path).splitlines():
        kind, name = line.split()[-2:]
        if kind in "Uw":
            wanted.add(name)
        elif kind != "A" and not name.startswith("__kcfi_typeid_"):
            defined.add(name)
    return defined, wanted


class Object:
    """Sources compiled to one relocatable object with its names made its own."""

    def __init__(self, folder, name, sources, flags):
        parts = []
        for i, source in enumerate(sources):
            part = folder / f"{name}.{i}.part.o"
            flags_of = BASE[:1] if source.endswith(".S") else [*BASE, *flags]
            run("clang-19", *flags_of, "-c", source, "-o", part)
            parts.append(part)
        self.name = name
        self.path = folder / f"{name}.o"
        run("ld.lld-19", "-r", "-o", self.path, *parts)
        defined, self.wanted = symbols(self.path)
        # C++ names are the object's own; the runtime's are what asan_heap uses of it.
        own = () if name == "rt" else ("_ZN",)
        self.defined = {d for d in defined if not d.startswith(("__cfi_", *own))}
        names = folder / f"{name}.names"
        names.write_text("".join(f"{d} def.{name}.{d}\n" for d in sorted(defined)) +
                         "".join(f"{w} ref.{name}.{w}\n" for w in sorted(self.wanted)))
        run(tool("llvm-objcopy"), "--redefine-syms", names, self.path)


def expand(*globs):
    found = sorted(str(p.relative_to(ROOT)) for g in globs for p in ROOT.glob(g))
    assert found, globs
    return found


def script(folder, objects, platform, asan, main):
    """The linker script: memory of the compartment, then what every reference is bound to."""
    def of(section):
        return " ".join(f'"{o.path}"(.{section} .{section}.*)' for o in objects)
    heap, stack, data = SIZES["heap"], SIZES["stack"] * SIZES["threads"], SIZES["data"]
    lines = [f"""ENTRY(_start)
PHDRS {{ text PT_LOAD FLAGS(5); rodata PT_LOAD FLAGS(4); data PT_LOAD FLAGS(6); }}
SECTIONS {{
  . = 0x1000000;
  .text : {{ *(.text .text.*) }} :text
  . = ALIGN(4096);
  .rodata : {{ *(.rodata .rodata.*) }} :rodata
  .init_array : {{ rt_constructors_start = .; *(.init_array .init_array.*)
    rt_constructors_end = .; }} :rodata
  .kcfi_traps : {{ kcfi_traps_start = .; KEEP(*(.kcfi_traps)) kcfi_traps_end = .; }} :rodata
  . = ALIGN(4096);
  .data : {{ data_start = .; {of("data")} {of("bss")} . = ALIGN(4096); data_end = .; }} :data
  .platform : {{ "{platform}"(.data .data.* .bss .bss.*) }}
  . = ALIGN(0x200000) + 4096;
  .stack (NOLOAD) : {{ stack_start = .; . += {stack}; stack_end = .; . += 4096; }}
  .heap (NOLOAD) : ALIGN(0x200000) {{ heap_start = .; . += {heap}; heap_end = .; }}
  .private (NOLOAD) : ALIGN(4096) {{
    unsafe_stack_start = .; . += {SIZES["unsafe"] * SIZES["threads"]};
    asan_data_shadow = .; . += {data // 8 if asan else 0};
    asan_heap_shadow = .; . += {heap // 8 if asan else 0};
    asan_stack_shadow = .; . += {stack // 8 if asan else 0};
  }}
  /DISCARD/ : {{ *(.comment) *(.eh_frame*) *(.llvm_addrsig) *(.note*) }}
}}
ASSERT(data_end - data_start <= {data}, "more data than shadow");
"""]
    memory = {"heap_start": "heap_start", "heap_end": "heap_end",
              "unsafe_stack_start": "unsafe_stack_start", "unsafe_stack_size": SIZES["unsafe"],
              "rt_constructors_start": "rt_constructors_start",
              "rt_constructors_size": "rt_constructors_end - rt_constructors_start"}
    for part, size in (("data", "data_end - data_start"), ("heap", heap), ("stack", stack)):
        memory[f"asan_{part}_start"] = f"{part}_start"
        memory[f"asan_{part}_size"] = size if asan else 0
        memory[f"asan_{part}_shadow"] = f"asan_{part}_shadow"
    by_name = {o.name: o for o in objects}
    for o in objects:
        for symbol in sorted(o.wanted):
            target = bind(o, symbol, by_name, memory)
            lines.append(f"ref.{o.name}.{symbol} = {target};")
    lines.append(f"ref.test.main = def.{main};")
    lines.append("ref.test.rt_init = def.rt.rt_init;")
    path = folder / "script.ld"
    path.write_text("\n".join(lines) + "\n")
    return path


def bind(o, symbol, objects, memory):
    """As docs/hardening.md says, in its order."""
    heap = objects.get("asan_heap")
    if heap is not None and o is not heap and "asan_" + symbol in heap.defined:
        return f"def.asan_heap.asan_{symbol}"
    if getattr(o, "asan", False) and "__asan_" + symbol in objects["rt"].defined:
        return f"def.rt.__asan_{symbol}"
    if symbol in memory:
        return memory[symbol]
    for other in objects.values():
        if other is not o and symbol in other.defined:
            return f"def.{other.name}.{symbol}"
    if fnmatch.fnmatch(symbol, "platform_*") or symbol == "test_set_thread":
        return symbol
    raise RuntimeError(f"{o.name} refers to {symbol}, which nobody binds")


class Image:
    """`hardened`: names and sources of the components to harden; the others never are."""

    def __init__(self, folder, hardening, hardened, main):
        folder.mkdir(parents=True, exist_ok=True)
        asan = "asan" in hardening
        self.objects = []
        for name, sources in hardened.items():
            component = Object(folder, name, sources, hardening_flags(hardening))
            component.asan = asan
            self.objects.append(component)
        self.objects.append(Object(folder, "rt", RUNTIME, []))
        self.objects.append(Object(folder, "alloc", expand("src/kernel/components/alloc/*.cc"),
                                   HASHES_ONLY))
        self.objects.append(Object(folder, "console", expand("src/kernel/components/console/*.cc"),
                                   HASHES_ONLY))
        self.objects.append(Object(folder, "bytes", ["tests/runtime/bytes.cc"], HASHES_ONLY))
        if asan:
            self.objects.append(Object(folder, "asan_heap", ASAN_HEAP, []))
        platform = folder / "platform.o"
        run("clang-19", *BASE, "-c", "tests/runtime/platform.cc", "-o", platform)
        start = folder / "start.o"
        run("clang-19", "--target=x86_64-unknown-none-elf", "-c", "tests/runtime/start.S", "-o",
            start)
        self.path = folder / "image"
        run("ld.lld-19", "-static", "-z", "noexecstack", "-o", self.path, "-T",
            script(folder, self.objects, platform, asan, main), start, platform,
            *[o.path for o in self.objects])

    def run(self, argument):
        done = subprocess.run([self.path, argument], capture_output=True, text=True, timeout=60,
                              check=False)
        return done.returncode, done.stdout
