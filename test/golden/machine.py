"""Where generated code runs: in this process, or in a program for another CPU under an emulator."""
import ctypes
import os
import pathlib
import struct
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
LLVM = os.environ.get("FNC_TEST_LLVM", "/usr/lib/llvm-22/bin/")

# By the value of FNC_TEST_MACHINE: options of fnc, the target of the program, the emulator.
MACHINES = {
    "aarch64": (["--target", "aarch64-linux-gnu"], "aarch64-linux-gnu", ["qemu-aarch64"]),
    "x86-64-v3": (["--cpu", "x86-64-v3"], "x86_64-linux-gnu", ["qemu-x86_64", "-cpu", "max"]),
    "riscv64": (["--target", "riscv64-linux-gnu", "--features", "+m,+a,+f,+d", "--abi", "lp64d"], "riscv64-linux-gnu",
                ["qemu-riscv64"]),
}


class Status(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int32), ("tensor", ctypes.c_int32), ("dimension", ctypes.c_int32),
                ("reserved", ctypes.c_int32), ("expected", ctypes.c_int64), ("got", ctypes.c_int64)]


class Local:
    """This process."""

    options = []

    def load(self, obj, symbols):
        shared = obj.with_suffix(".so")
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-o", str(shared), str(obj)], check=True)
        self.library = ctypes.CDLL(str(shared))

    def address(self, guarded):
        return guarded.address

    def initialize(self, symbol, state):
        getattr(self.library, symbol)(ctypes.c_void_p(state.address))

    def call(self, symbol, args, buffers):
        function = getattr(self.library, symbol)
        function.restype, function.argtypes = Status, [ctypes.c_void_p]
        return function(ctypes.addressof(args))

    def forget(self):
        pass


class Emulated:
    """A program with the object in it. Its copies of buffers are made before and read back after a call."""

    def __init__(self, options, target, emulator):
        self.options, self.target, self.emulator = options, target, emulator

    def load(self, obj, symbols):
        self.symbols = symbols
        table, program = obj.with_suffix(".table.c"), obj.with_suffix(".exe")
        table.write_text("".join(f"extern char {s}[];\n" for s in symbols) +
                         f"const void *const functions[] = {{{', '.join(symbols)}}};\n")
        abi = ["-march=rv64gc", "-mabi=lp64d"] if self.target.startswith("riscv") else []
        subprocess.run([LLVM + "clang", f"--target={self.target}", *abi, "-O1", "-ffreestanding", "-fno-builtin",
                        "-nostdlib", "-static", "-fuse-ld=lld", "-o", str(program), str(HERE / "emulated.c"),
                        str(table), str(obj)], check=True)
        self.process = subprocess.Popen([*self.emulator, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.places = {}

    def __del__(self):
        if hasattr(self, "process"):
            self.process.stdin.close()
            self.process.stdout.close()
            self.process.wait()

    def send(self, command, *parts):
        self.process.stdin.write(command + b"".join(struct.pack("<Q", p) if isinstance(p, int) else p for p in parts))

    def receive(self, count):
        self.process.stdin.flush()
        answer = self.process.stdout.read(count)
        if len(answer) != count:
            raise RuntimeError(f"the emulated program ended with {self.process.wait()}")
        return answer

    def address(self, guarded):
        """Aligned as here."""
        if id(guarded) not in self.places:
            self.send(b"A", guarded.raw.nbytes + 64)
            base, = struct.unpack("<Q", self.receive(8))
            self.places[id(guarded)] = base + (-(base + guarded.start)) % 64
        return self.places[id(guarded)] + guarded.start

    def copy(self, buffers):
        for buffer in buffers:
            self.address(buffer)
            self.send(b"W", self.places[id(buffer)], buffer.raw.nbytes, buffer.raw.tobytes())

    def read_back(self, buffers):
        for buffer in buffers:
            self.send(b"R", self.places[id(buffer)], buffer.raw.nbytes)
            buffer.raw[:] = memoryview(bytearray(self.receive(buffer.raw.nbytes)))

    def initialize(self, symbol, state):
        self.copy([state])
        self.send(b"I", self.symbols.index(symbol), self.address(state))
        self.read_back([state])
        self.forget()

    def call(self, symbol, args, buffers):
        self.copy(buffers)
        self.send(b"A", ctypes.sizeof(args))
        where, = struct.unpack("<Q", self.receive(8))
        self.send(b"W", where, ctypes.sizeof(args), bytes(args))
        self.send(b"C", self.symbols.index(symbol), where)
        status = Status.from_buffer_copy(self.receive(ctypes.sizeof(Status)))
        self.read_back(buffers)
        return status

    def forget(self):
        """Buffers of the call that ended."""
        self.send(b"F")
        self.places = {}


def machine():
    name = os.environ.get("FNC_TEST_MACHINE")
    return Emulated(*MACHINES[name]) if name else Local()
