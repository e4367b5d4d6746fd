using System.Globalization;

namespace Mlx.Core;

/// <summary>
/// The upper 16 bits of a <see cref="float"/>: its range with 8 bits of precision. Only storage and
/// conversion; arithmetic is the arrays'.
/// </summary>
public readonly struct BFloat16 : IEquatable<BFloat16>, IFormattable
{
    private readonly ushort bits;

    private BFloat16(ushort bits) => this.bits = bits;

    /// <summary>The number whose representation is <paramref name="bits"/>.</summary>
    public static BFloat16 FromBits(ushort bits) => new(bits);

    /// <summary>The representation.</summary>
    public ushort ToBits() => bits;

    /// <summary>Rounds to nearest, ties to even; every NaN becomes MLX's.</summary>
    public static explicit operator BFloat16(float x)
    {
        var u = BitConverter.SingleToUInt32Bits(x);
        return float.IsNaN(x)
            ? new BFloat16(0x7FC0)
            : new BFloat16((ushort)((u + 0x7FFF + ((u >> 16) & 1)) >> 16));
    }

    /// <summary>Rounds to nearest through <see cref="float"/>.</summary>
    public static explicit operator BFloat16(double x) => (BFloat16)(float)x;

    /// <summary>Exact.</summary>
    public static implicit operator float(BFloat16 x) =>
        BitConverter.UInt32BitsToSingle((uint)x.bits << 16);

    /// <summary>Equal as numbers, except that a NaN equals a NaN.</summary>
    public bool Equals(BFloat16 other) => ((float)this).Equals(other);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is BFloat16 other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => ((float)this).GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => ToString(null, CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public string ToString(string? format, IFormatProvider? formatProvider) =>
        ((float)this).ToString(format, formatProvider);

    /// <summary>Equal as numbers.</summary>
    public static bool operator ==(BFloat16 a, BFloat16 b) => (float)a == b;

    /// <summary>Different as numbers.</summary>
    public static bool operator !=(BFloat16 a, BFloat16 b) => (float)a != b;
}
