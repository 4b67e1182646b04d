"""Graphs of any number of like parts, by which the compiler's work is to grow in proportion."""

T = "tensor<16x16xf32>"
UNARY = ("relu", "tanh", "exp", "sigmoid")


def graph(lines):
    return "fn.graph @g {\n" + "\n".join(lines) + "\n}\n"


def chain(kinds):
    """Ops in a row, these kinds in turn; those of two operands have a variable for the other."""
    def make(count):
        lines = [f'%x0 = fn.placeholder "x" : {T}', f'%w = fn.variable "w" : {T} = dense<0.5>']
        for i in range(count):
            kind = kinds[i % len(kinds)]
            if kind == "softmax":
                lines.append(f"%x{i + 1} = fn.softmax %x{i} {{axis = 1 : i64}} : {T}")
            elif kind == "transpose":
                lines.append(f"%x{i + 1} = fn.transpose %x{i} {{perm = array<i64: 1, 0>}} : ({T}) -> {T}")
            elif kind in UNARY:
                lines.append(f"%x{i + 1} = fn.{kind} %x{i} : {T}")
            else:
                lines.append(f"%x{i + 1} = fn.{kind} %x{i}, %w : ({T}, {T}) -> {T}")
        lines.append(f'fn.function @f inputs(%x0 : {T}) outputs("y" = %x{count} : {T})')
        return graph(lines)
    return make


def functions(count):
    """Functions that share a variable, a product and nothing else; every other one updates it."""
    x, w, b = "tensor<?x16xf32>", "tensor<16x16xf32>", "tensor<16xf32>"
    lines = [f'%x = fn.placeholder "x" : {x}', f'%w = fn.variable "w" : {w} = dense<0.5>', f'%b = fn.variable "b" : {b} = dense<0.5>',
             f"%m = fn.matmul %x, %w : ({x}, {w}) -> {x}", f"%a = fn.add %m, %b : ({x}, {b}) -> {x}"]
    for i in range(count):
        lines += [f"%c{i} = fn.constant dense<{i}.5> : tensor<f32>", f"%y{i} = fn.mul %a, %c{i} : ({x}, tensor<f32>) -> {x}",
                  f"%s{i} = fn.reduce_sum %y{i} {{axes = array<i64: 0>}} : ({x}) -> {b}",
                  f'fn.function @f{i} inputs(%x : {x}) outputs("y" = %y{i} : {x})' + f" updates(%b = %s{i} : {b})" * (i % 2)]
    return graph(lines)


def scaled(count, op="fn.mul %x, %c{i} : ({T}, tensor<f32>) -> {T}"):
    """The placeholder times a constant each."""
    lines = [f'%x = fn.placeholder "x" : {T}']
    for i in range(count):
        lines += [f"%c{i} = fn.constant dense<{i}.5> : tensor<f32>", f"%y{i} = {op.format(i=i, T=T)}"]
    return lines


def outputs(count):
    return graph(scaled(count) + [f"fn.function @f inputs(%x : {T}) outputs(" +
                                  ", ".join(f'"y{i}" = %y{i} : {T}' for i in range(count)) + ")"])


def inputs(count):
    lines = [f'%x{i} = fn.placeholder "x{i}" : {T}' for i in range(count)] + [f"%s0 = fn.relu %x0 : {T}"]
    lines += [f"%s{i} = fn.add %s{i - 1}, %x{i} : ({T}, {T}) -> {T}" for i in range(1, count)]
    return graph(lines + ["fn.function @f inputs(" + ", ".join(f"%x{i} : {T}" for i in range(count)) +
                          f') outputs("y" = %s{count - 1} : {T})'])


def parts(count):
    """Concatenated: what is computed from each."""
    lines = scaled(count) + [f"%z{i} = fn.softmax %y{i} {{axis = 1 : i64}} : {T}" for i in range(count)]
    whole = f"tensor<{16 * count}x16xf32>"
    lines.append("%k = fn.concat " + ", ".join(f"%z{i}" for i in range(count)) + " {axis = 0 : i64} : (" +
                 ", ".join([T] * count) + f") -> {whole}")
    return graph(lines + [f'fn.function @f inputs(%x : {T}) outputs("y" = %k : {whole})'])


def readers(count):
    """Of one value: products that are added up."""
    lines = [f'%x = fn.placeholder "x" : {T}', f'%w = fn.variable "w" : {T} = dense<0.5>', f"%m = fn.matmul %x, %w : ({T}, {T}) -> {T}",
             f"%e = fn.exp %m : {T}", f"%s0 = fn.relu %e : {T}"]
    for i in range(1, count):
        lines += [f"%c{i} = fn.constant dense<{i}.5> : tensor<f32>", f"%p{i} = fn.mul %e, %c{i} : ({T}, tensor<f32>) -> {T}",
                  f"%q{i} = fn.matmul %p{i}, %w : ({T}, {T}) -> {T}", f"%s{i} = fn.add %s{i - 1}, %q{i} : ({T}, {T}) -> {T}"]
    return graph(lines + [f'fn.function @f inputs(%x : {T}) outputs("y" = %s{count - 1} : {T})'])


def updates(count):
    lines = [f'%x = fn.placeholder "x" : {T}']
    for i in range(count):
        lines += [f'%w{i} = fn.variable "w{i}" : {T} = dense<0.5>', f"%m{i} = fn.mul %x, %w{i} : ({T}, {T}) -> {T}"]
    return graph(lines + [f'fn.function @f inputs(%x : {T}) outputs("y" = %m0 : {T}) updates(' +
                          ", ".join(f"%w{i} = %m{i} : {T}" for i in range(count)) + ")"])


def layers(count):
    """Trained by Adam."""
    lines = [f'%x0 = fn.placeholder "x" : {T}']
    for i in range(count):
        lines += [f'%w{i} = fn.variable "w{i}" : {T} = dense<0.5>', f"%m{i} = fn.matmul %x{i}, %w{i} : ({T}, {T}) -> {T}",
                  f"%x{i + 1} = fn.tanh %m{i} : {T}"]
    lines += [f"%loss = fn.reduce_sum %x{count} {{axes = array<i64: 0, 1>}} : ({T}) -> tensor<f32>",
              "%step = fn.minimize %loss, (" + ", ".join(f"%w{i}" for i in range(count)) +
              ") {optimizer = #fn.adam<learning_rate = 0.05>} : tensor<f32>, (" + ", ".join([T] * count) + ")"]
    return graph(lines + [f'fn.function @f inputs(%x0 : {T}) outputs("y" = %loss : tensor<f32>) updates(%step)'])


def residual(count):
    lines = [f'%x0 = fn.placeholder "x" : {T}', f'%w = fn.variable "w" : {T} = dense<0.5>']
    for i in range(count):
        lines += [f"%m{i} = fn.matmul %x{i}, %w : ({T}, {T}) -> {T}", f"%t{i} = fn.tanh %m{i} : {T}",
                  f"%x{i + 1} = fn.add %x{i}, %t{i} : ({T}, {T}) -> {T}"]
    return graph(lines + [f'fn.function @f inputs(%x0 : {T}) outputs("y" = %x{count} : {T})'])
