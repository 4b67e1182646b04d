"""The language server: what an editor hears of a graph."""

import json


def message(method, parameters, number=None):
    body = {"jsonrpc": "2.0", "method": method, "params": parameters} | ({} if number is None else {"id": number})
    text = json.dumps(body)
    return f"Content-Length: {len(text)}\r\n\r\n{text}"


def test_diagnostics_and_hover(tools):
    good = (tools.inputs / "mlp.mlir").read_text()
    lines = good.splitlines()
    row = next(i for i, line in enumerate(lines) if "fn.softmax" in line)
    at = {
        "textDocument": {"uri": "file:///good.mlir"},
        "position": {"line": row, "character": lines[row].index("%logits")},
    }
    talk = message("initialize", {"processId": None, "capabilities": {}, "rootUri": None}, 0)
    for name, text in (("good", good), ("bad", good.replace("fn.softmax %logits", "fn.softmax %nothing"))):
        document = {"uri": f"file:///{name}.mlir", "languageId": "mlir", "version": 1, "text": text}
        talk += message("textDocument/didOpen", {"textDocument": document})
    talk += message("textDocument/definition", at, 1) + message("shutdown", None, 2) + message("exit", None)
    done = tools.run(tools.bin / "fnc-lsp-server", input=talk)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(part[: part.rfind("}") + 1]) for part in done.stdout.split("\n\n")[1:]]
    seen = {
        a["params"]["uri"]: a["params"]["diagnostics"]
        for a in answers
        if a.get("method") == "textDocument/publishDiagnostics"
    }
    assert seen["file:///good.mlir"] == [], seen
    assert [d["message"] for d in seen["file:///bad.mlir"]] == ["use of undeclared SSA value name"], seen
    assert seen["file:///bad.mlir"][0]["range"]["start"]["line"] == row
    defined = next(a["result"] for a in answers if a.get("id") == 1)
    assert defined[0]["range"]["start"]["line"] == next(
        i for i, line in enumerate(lines) if "%logits =" in line
    ), defined
