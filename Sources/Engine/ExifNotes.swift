internal import Metadata
internal import Vips

/// libvips carries EXIF notes through JPEG, PNG, WebP and HEIF, but neither reads them from a TIFF
/// nor writes them into one.
extension Image {
    /// The image of a TIFF file with the notes that the file holds.
    func takingNotes(ofTIFF path: String) throws -> Image {
        guard !hasField("exif-data"), let exif = TIFFFile(path: path)?.exif else { return self }
        // libvips understands a block only where it stands in a file: a JPEG of one pixel.
        let carrier = try Image.image("black", ["width": .int(1), "height": .int(1)])
        let jpeg = try carrier.jpegBytes()
        let length = exif.block.count + 2
        guard length < 1 << 16 else { return self }
        let segment = [0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 255)] + exif.block
        // The block comes right after the two bytes that begin the file.
        let carried = try Image.open(
            bytes: Array(jpeg.prefix(2)) + segment + Array(jpeg.dropFirst(2))
        )
        return try takingFields(from: carried, prefix: "exif-")
    }

    /// Adds the image's notes to the TIFF file it was written to.
    func addNotes(toTIFF path: String) -> Bool {
        guard let block = blob("exif-data"), var exif = Exif(block: block), !exif.isEmpty else {
            return true
        }
        exif.setSize(width: width, height: height)
        return TIFFFile(path: path, forWriting: true)?.add(exif) ?? false
    }
}
