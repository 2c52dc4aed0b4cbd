#!/usr/bin/env python3
"""Writes a C file that holds other files: embed.py OUT SYMBOL FOLDER NAME...

The table `const struct embedded_file SYMBOL[]` (see lib/base/embedded.h) ends with a NULL name. Fails when FOLDER holds a
file of the same kind that the build does not name, so that nothing is forgotten."""
import os
import sys

out, symbol, folder, names = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
kinds = {os.path.splitext(name)[1] for name in names}
there = sorted(
    os.path.relpath(os.path.join(root, file), folder)
    for root, _, files in os.walk(folder) for file in files if os.path.splitext(file)[1] in kinds)
forgotten = sorted(set(there) - set(names))
if forgotten:
    sys.exit(f"embed: {folder} holds {', '.join(forgotten)}, which its meson.build does not name")

with open(out, "w", encoding="ascii") as c:
    c.write('#include "base/embedded.h"\n\n')
    for i, name in enumerate(names):
        with open(os.path.join(folder, name), "rb") as f:
            data = f.read()
        c.write(f"static const unsigned char file_{i}[] = {{")
        c.write(",".join(map(str, data + b"\0")))
        c.write("};\n")
    c.write(f"\nconst struct embedded_file {symbol}[] = {{\n")
    for i, name in enumerate(names):
        c.write(f'\t{{ "{name}", (const char *)file_{i}, sizeof file_{i} - 1 }},\n')
    c.write("\t{ 0, 0, 0 },\n};\n")
