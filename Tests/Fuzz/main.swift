import Foundation
import Support

// Reads damaged networks, one after the other, until the time is over: whatever a file says, it is
// refused or used, and nothing crashes, hangs or takes all memory.
//
//     atelier-fuzz --seconds 60 --seed 1 --models FOLDER
//
// The seed of every case is the one before plus one; a case that goes wrong leaves its seed on
// standard error, and `--seed` with `--seconds 0` runs it again.

/// What the command line asks for.
struct Options {
    var seconds = 60.0
    var seed = 1
    var folder: String?

    init(_ arguments: [String]) {
        var rest = arguments[...]
        while let name = rest.popFirst(), let value = rest.popFirst() {
            switch name {
            case "--seconds": seconds = Double(value) ?? seconds
            case "--seed": seed = Int(value) ?? seed
            case "--models": folder = value
            default:
                print("error: expected --seconds, --seed or --models, found \(name)")
                exit(2)
            }
        }
    }
}

let options = Options(Array(CommandLine.arguments.dropFirst()))
let models = try options.folder.map { try Models.files(below: $0) } ?? Models.builtIn()
print("\(models.count) models, from seed \(options.seed) on")
Watch.limitMemory(gigabytes: 6)
Watch.install()

let clock = ContinuousClock()
let start = clock.now
var seed = options.seed
var counts: [Trial.Outcome: Int] = [:]
var slowest = (seed: seed, time: Duration.zero)
var nextReport = Duration.seconds(10)
repeat {
    Watch.begin(seed: seed, seconds: 10)
    let began = clock.now
    var random = SeededRandom(seed)
    let data = Mutation.damaged(models, &random)
    let outcome = Trial.run(data, &random)
    counts[outcome, default: 0] += 1
    if outcome == .differs { print("\(outcome.rawValue): the case with --seed \(seed)") }
    let time = clock.now - began
    if time > slowest.time { slowest = (seed, time) }
    seed += 1
    if clock.now - start > nextReport {
        print("\(seed - options.seed) cases, slowest \(slowest.time) with seed \(slowest.seed)")
        fflush(nil)
        nextReport = nextReport + .seconds(60)
    }
} while clock.now - start < .seconds(options.seconds)
Watch.end()

let elapsed = (clock.now - start) / .seconds(1)
let cases = seed - options.seed
let outcomes = Trial.Outcome.allCases.map { "\(counts[$0] ?? 0) \($0.rawValue)" }
print(
    "\(cases) cases, \(Int(Double(cases) / elapsed)) a second, seeds \(options.seed) to \(seed - 1): "
        + outcomes.joined(separator: ", ")
)
