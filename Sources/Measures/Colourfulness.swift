/// How colourful a picture looks (Hasler and Süsstrunk, 2003); 0 for grey, above 80 for vivid ones.
///
/// Three planes from 0 to 255.
package func colourfulness(_ red: Plane, _ green: Plane, _ blue: Plane) -> Double {
    var (redGreen, yellowBlue) = (Moments(), Moments())
    for i in red.values.indices {
        let (r, g, b) = (red.values[i], green.values[i], blue.values[i])
        redGreen.add(r - g)
        yellowBlue.add((r + g) / 2 - b)
    }
    let spread = (redGreen.variance + yellowBlue.variance).squareRoot()
    let offset =
        (redGreen.mean * redGreen.mean + yellowBlue.mean * yellowBlue.mean).squareRoot()
    return spread + 0.3 * offset
}
