import FoundationEssentials
import Inference
let a = CommandLine.arguments
let model = try Model(path: a[1])
let x = try NumPyFile.read(a[2])
let y = try model.run([x])
for (i, t) in y.enumerated() { try NumPyFile.data(t).write(to: URL(filePath: a[3 + i])) }
