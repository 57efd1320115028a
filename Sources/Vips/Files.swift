internal import CVips
internal import Glibc

extension Image {
    /// Opens a picture in any format that libvips knows, without decoding it.
    ///
    /// - Parameter sequentially: decode while the pixels are pulled, from top to bottom, once.
    ///   Otherwise pixels may be pulled in any order, which costs memory or a scratch file.
    package static func open(_ path: String, sequentially: Bool) throws(VipsError) -> Image {
        try Vips.enter(path) {
            atelier_vips_open(path, sequentially ? 1 : 0).map { Image(owning: $0) }
        }
    }

    /// Opens the picture that comes in on standard input.
    package static func openStandardInput(sequentially: Bool) throws(VipsError) -> Image {
        try Vips.enter("standard input") {
            guard let source = vips_source_new_from_descriptor(STDIN_FILENO) else { return nil }
            defer { g_object_unref(source) }
            return atelier_vips_open_source(source, sequentially ? 1 : 0).map { Image(owning: $0) }
        }
    }

    /// Computes all pixels into a file; its ending says the format, `[key=value]` after it how.
    package func write(
        to path: String,
        progress: ((Double) -> Void)? = nil,
        cancellation: Cancellation? = nil
    ) throws {
        try evaluating(path, progress: progress, cancellation: cancellation) { image in
            atelier_vips_write(image, path) == 0 ? () : nil
        }
    }

    /// Computes all pixels into standard output, in the format that a suffix such as ".png" says.
    package func writeToStandardOutput(
        suffix: String,
        progress: ((Double) -> Void)? = nil,
        cancellation: Cancellation? = nil
    ) throws {
        let what = "standard output"
        try evaluating(what, progress: progress, cancellation: cancellation) { image -> Void? in
            guard let target = vips_target_new_to_descriptor(STDOUT_FILENO) else { return nil }
            defer { g_object_unref(target) }
            return atelier_vips_write_target(image, suffix, target) == 0 ? () : nil
        }
    }

    /// The ending that stands for a format libvips can write to `path`, or `nil`.
    package static func saver(for path: String) -> String? {
        let saver = try? Vips.enter(path) { vips_foreign_find_save(path) }
        return saver.map { String(cString: $0) }
    }
}
