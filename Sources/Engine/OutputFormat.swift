internal import Vips

/// A file format that pictures are written in, and what it can hold.
struct OutputFormat {
    let name: String
    let endings: [String]
    let formats: Set<SampleFormat>?
    let holdsAlpha: Bool
    let maximumSide: Int
    /// libvips's options where the user gives none.
    let defaults: String

    /// Formats with limits; every other one that libvips writes is taken as it is.
    static let limited = [
        OutputFormat(
            name: "JPEG",
            endings: ["jpg", "jpeg", "jpe", "jfif"],
            formats: [.u8],
            holdsAlpha: false,
            maximumSide: 65500,
            defaults: "Q=92,optimize-coding"
        ),
        OutputFormat(
            name: "PNG",
            endings: ["png"],
            formats: [.u8, .u16],
            holdsAlpha: true,
            maximumSide: 1_000_000,
            defaults: ""
        ),
        OutputFormat(
            name: "WebP",
            endings: ["webp"],
            formats: [.u8],
            holdsAlpha: true,
            maximumSide: 16383,
            defaults: "Q=90"
        ),
        OutputFormat(
            name: "GIF",
            endings: ["gif"],
            formats: [.u8],
            holdsAlpha: true,
            maximumSide: 65535,
            defaults: ""
        ),
        OutputFormat(
            name: "HEIF",
            endings: ["heic", "heif", "avif"],
            formats: [.u8, .u16],
            holdsAlpha: true,
            maximumSide: 16384,
            defaults: "Q=80"
        ),
    ]

    static func of(ending: String) -> OutputFormat? {
        limited.first { $0.endings.contains(ending.lowercased()) }
    }

    /// Refuses, before any work, an image that the format cannot hold.
    func check(_ image: Image, _ path: String) throws(Failure) {
        func refuse(_ expected: String, _ found: String, _ hint: String) -> Failure {
            Failure(.usage, "\(path): a \(name) holds \(expected), found \(found); \(hint)")
        }
        if let formats, !formats.contains(image.format) {
            let bits = formats.contains(.u16) ? "8 or 16 bits" : "8 bits"
            throw refuse(
                "\(bits) for each sample",
                "samples of type \(image.format.rawValue)",
                "write a .tif, or add the step \"colourspace space=srgb\""
            )
        }
        if image.hasAlpha, !holdsAlpha {
            throw refuse(
                "no transparency",
                "a picture with it",
                "write a .png or .tif, or add the step \"flatten\""
            )
        }
        if max(image.width, image.height) > maximumSide {
            throw refuse(
                "sides of at most \(maximumSide) pixels",
                "\(image.width) × \(image.height)",
                "write a .tif"
            )
        }
    }
}
