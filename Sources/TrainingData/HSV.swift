/// A colour by hue, saturation and value; hue in turns, 0 is red.
package struct HSV: Sendable, Equatable {
    package var hue, saturation, value: Float

    package init(_ hue: Float, _ saturation: Float, _ value: Float) {
        self.hue = hue
        self.saturation = saturation
        self.value = value
    }

    package init(red: Float, green: Float, blue: Float) {
        let (most, least) = (max(red, green, blue), min(red, green, blue))
        let spread = most - least
        value = most
        saturation = most > 0 ? spread / most : 0
        if spread == 0 {
            hue = 0
        } else if most == red {
            hue = (green - blue) / spread / 6
        } else if most == green {
            hue = ((blue - red) / spread + 2) / 6
        } else {
            hue = ((red - green) / spread + 4) / 6
        }
        if hue < 0 { hue += 1 }
    }

    package var rgb: (Float, Float, Float) {
        func channel(_ offset: Float) -> Float {
            let place = (offset + 6 * (hue - hue.rounded(.down)))
                .truncatingRemainder(dividingBy: 6)
            return value - value * saturation * max(0, min(place, 4 - place, 1))
        }
        return (channel(5), channel(3), channel(1))
    }
}
