import ArgumentParser
import Engine
import Foundation

struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says how two pictures differ, and shows it.",
        discussion: """
            Prints PSNR of luma (BT.601) and of all bands, structural similarity of luma (SSIM), mean \
            colour difference (CIEDE2000), the largest difference of two samples out of 255, and the \
            strongest seam: the straight line across which the difference of the pictures jumps most, in \
            multiples of what is usual. With --sheet, a picture shows both side by side, whole and \
            where they differ most; for that they may have different sizes.
            """
    )

    @Argument(help: "A picture.")
    var before: String

    @Argument(help: "What was made of it.")
    var after: String

    @Option(help: ArgumentHelp("Write a sheet with both instead.", valueName: "file"))
    var sheet: String?

    @Flag(help: "Print as JSON.")
    var json = false

    func run() throws {
        let (before, after) = (Picture(path: before), Picture(path: after))
        if let sheet {
            let image = try ComparisonSheet(before: before, after: after).image
            let file = OutputFile(sheet)
            try file.check(image)
            try file.write(image)
            return
        }
        let comparison = try Comparison(before, after)
        if json { return try printJSON(comparison) }
        func line(_ name: String, _ value: Double?, _ unit: String, digits: Int = 2) {
            let number = value.map { String(format: "%.\(digits)f", $0) } ?? "—"
            print(name.padded(to: 24) + number + (unit.isEmpty ? "" : " " + unit))
        }
        line("PSNR of luma", comparison.lumaSignalToNoise, "dB")
        line("PSNR", comparison.signalToNoise, "dB")
        line("SSIM of luma", comparison.structuralSimilarity, "", digits: 4)
        line("mean CIEDE2000", comparison.colorDifference, "", digits: 3)
        line("largest difference", comparison.largestDifference, "of 255", digits: 0)
        let seam = comparison.seam
        line(
            "strongest seam",
            seam.strength,
            "times the usual jump, at \(seam.direction.rawValue) \(seam.position)"
        )
    }
}
