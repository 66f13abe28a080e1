"""The hub's cache is one: what `anneal pull` brings Python's huggingface_hub finds, and the other way round.

Usage: python test/interop/hub_cache.py (after `npm run build`; needs huggingface_hub). A local server that speaks the
hub's API serves a small model and a data set; nothing is asked of the network. Prints a line for each check, and ends
with 1 when one fails.
"""

import hashlib
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
COMMIT = "c0ffee" + "0" * 34
MODEL = {
    "config.json": b'{"model_type": "llama"}',
    "tokenizer.json": json.dumps({"text": "y" * 5000}).encode(),
    "model.safetensors": bytes(i * 7 % 251 for i in range(200_000)),
    "pytorch_model.bin": bytes(5000),
    "nested/chat_template.jinja": b"{{ messages }}",
}
DATA = {"data/train.jsonl": b'{"q": 1}\n' * 300, "data/test.jsonl": b'{"q": 2}\n', "README.md": b"#"}
REPOS = {("models", "acme/tiny"): MODEL, ("datasets", "acme/sums"): DATA}


def git_sha1(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def entry(path: str, content: bytes) -> dict:
    listed = {"type": "file", "path": path, "size": len(content), "oid": git_sha1(content)}
    if len(content) > 1000:
        listed["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 130}
        listed["oid"] = git_sha1(b"pointer to " + path.encode())
    return listed


class Hub(http.server.BaseHTTPRequestHandler):
    downloads: list[str] = []

    def do_GET(self):
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        if parts[0] == "api":
            repo = REPOS.get((parts[1], "/".join(parts[2:4])))
            if repo is None:
                return self.send_error(404)
            if parts[4] == "tree":
                return self.json([entry(path, content) for path, content in repo.items()])
            siblings = [{"rfilename": path} for path in repo]
            return self.json({"_id": "x", "id": "/".join(parts[2:4]), "sha": COMMIT, "siblings": siblings})
        kind = "datasets" if parts[0] == "datasets" else "models"
        parts = parts[1:] if kind == "datasets" else parts
        content = REPOS[(kind, "/".join(parts[:2]))].get("/".join(parts[4:]))
        if content is None:
            return self.send_error(404)
        listed = entry("/".join(parts[4:]), content)
        self.send_response(200)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{listed.get("lfs", listed)["oid"]}"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            Hub.downloads.append(listed["path"])
            self.wfile.write(content)

    do_HEAD = do_GET

    def json(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


failed = False


def check(what: str, ok: bool, found: object = "") -> None:
    global failed
    failed = failed or not ok
    print(f"{'ok    ' if ok else 'FAILED'} {what} {'' if ok else found}".rstrip())


def layout(folder: Path) -> dict:
    """Every file and link below a folder, by path; listings of files and what only one side keeps left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"-> {os.readlink(path)}"
        elif path.is_file() and not name.startswith("trees"):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def main() -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    home = Path(tempfile.mkdtemp())
    os.environ.pop("HF_HUB_CACHE", None)
    os.environ.update(HF_ENDPOINT=f"http://127.0.0.1:{server.server_port}", HF_HUB_DISABLE_PROGRESS_BARS="1", HF_HUB_DISABLE_XET="1")
    from huggingface_hub import hf_hub_download, snapshot_download

    allow = ["*.json", "*.safetensors"]

    def anneal(cache: Path, *args: str, **env: str) -> Path:
        command = ["node", str(ROOT / "dist/src/cli/main.js"), "pull", *args, "--json"]
        out = subprocess.run(command, env={**os.environ, "HF_HUB_CACHE": str(cache), **env}, capture_output=True, text=True)
        if out.returncode != 0:
            raise SystemExit(f"anneal pull {' '.join(args)} failed: {out.stderr}")
        return Path(json.loads(out.stdout)["path"])

    try:
        ours, theirs = home / "ours", home / "theirs"
        path = anneal(ours, "acme/tiny")
        found = snapshot_download("acme/tiny", cache_dir=ours, local_files_only=True, allow_patterns=allow)
        check("Python finds offline the snapshot that anneal pulled", Path(found).resolve() == path.resolve(), found)
        same = all((Path(found) / name).read_bytes() == MODEL[name] for name in MODEL if name.endswith((".json", ".safetensors")))
        check("its files are the hub's", same)
        file = hf_hub_download("acme/tiny", "config.json", cache_dir=ours, local_files_only=True)
        check("Python finds a single file of it", Path(file).read_bytes() == MODEL["config.json"])
        Hub.downloads.clear()
        snapshot_download("acme/tiny", cache_dir=ours, allow_patterns=allow)
        check("Python online downloads nothing again", Hub.downloads == [], Hub.downloads)
        snapshot_download("acme/tiny", cache_dir=theirs, allow_patterns=allow)
        mine, other = layout(ours / "models--acme--tiny"), layout(theirs / "models--acme--tiny")
        check("both lay out the same folders, links and refs", mine == other, f"{mine}\n{other}")
        trees = [json.loads((c / "models--acme--tiny/trees" / f"{COMMIT}.json").read_text()) for c in (ours, theirs)]
        check("both keep the same list of files", trees[0] == trees[1], trees)
        Hub.downloads.clear()
        path = anneal(theirs, "acme/tiny")
        check("anneal downloads nothing again of what Python pulled", Hub.downloads == [], Hub.downloads)
        offline = anneal(theirs, "acme/tiny", HF_HUB_OFFLINE="1", HF_ENDPOINT="http://127.0.0.1:9")
        check("anneal finds it offline", offline == path and (path / "model.safetensors").read_bytes() == MODEL["model.safetensors"])
        shutil.rmtree(theirs / "models--acme--tiny/trees")
        offline = anneal(theirs, "acme/tiny", HF_HUB_OFFLINE="1")
        check("and without a list of files, as older versions leave it", offline == path)
        data = anneal(ours, "acme/sums", "--dataset")
        found = snapshot_download("acme/sums", repo_type="dataset", cache_dir=ours, local_files_only=True, allow_patterns="data/*")
        check("a data set lies where Python looks for it", data.resolve() == (Path(found) / "data").resolve(), found)
    finally:
        server.shutdown()
        shutil.rmtree(home)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
