using System.Globalization;
using System.Text;
using Mlx.Cpu.Kernels;

namespace Mlx.Cpu.Graph;

/// <summary>
/// Prints arrays as MLX prints them (C++ <c>operator&lt;&lt;</c>): six significant digits, and of
/// an axis longer than
/// six the first and the last three, so that the text of any array is short.
/// </summary>
internal static unsafe class Printing
{
    private const int Edge = 3;

    public static string Format(Node n)
    {
        Evaluator.Eval(n);
        var text = new StringBuilder("array(");
        if (n.Rank == 0)
        {
            Element(text, n.Data, n.Dtype);
        }
        else
        {
            Axis(text, n, n.Data, 0);
        }

        return text.Append(", dtype=").Append(n.Dtype.Name()).Append(')').ToString();
    }

    private static void Axis(StringBuilder text, Node n, byte* at, int axis)
    {
        var length = n.Shape[axis];
        var step = n.Strides[axis] * n.Dtype.Size();
        var last = axis == n.Rank - 1;
        text.Append('[');
        for (var i = 0; i < length; i++)
        {
            if (i > 0)
            {
                text.Append(last ? ", " : ",\n");
                if (!last)
                {
                    text.Append(' ', "array(".Length + 1 + axis);
                }
            }

            if (i == Edge && length > 2 * Edge)
            {
                text.Append("...");
                i = length - Edge - 1;
            }
            else if (last)
            {
                Element(text, at + i * step, n.Dtype);
            }
            else
            {
                Axis(text, n, at + i * step, axis + 1);
            }
        }

        text.Append(']');
    }

    private static void Element(StringBuilder text, byte* at, Dtype dtype)
    {
        switch (dtype)
        {
            case Dtype.Bool: text.Append(*at != 0 ? "true" : "false"); break;
            case Dtype.UInt8: text.Append(*at); break;
            case Dtype.UInt16: text.Append(*(ushort*)at); break;
            case Dtype.UInt32: text.Append(*(uint*)at); break;
            case Dtype.UInt64: text.Append(*(ulong*)at); break;
            case Dtype.Int8: text.Append(*(sbyte*)at); break;
            case Dtype.Int16: text.Append(*(short*)at); break;
            case Dtype.Int32: text.Append(*(int*)at); break;
            case Dtype.Int64: text.Append(*(long*)at); break;
            case Dtype.Float16: text.Append(Number((float)*(Half*)at)); break;
            case Dtype.BFloat16: text.Append(Number(BF16.Get(*(ushort*)at))); break;
            case Dtype.Float32: text.Append(Number(*(float*)at)); break;
            case Dtype.Float64: text.Append(Number(*(double*)at)); break;
            default:
                var z = *(Complex64*)at;
                text.Append(Number(z.Re));
                text.Append(z.Im < 0 ? '-' : '+');
                text.Append(Number(z.Im < 0 ? -z.Im : z.Im)).Append('j');
                break;
        }
    }

    /// <summary>C's <c>%g</c>.</summary>
    private static string Number(double x)
    {
        if (!double.IsFinite(x))
        {
            return (double.IsNegative(x) ? "-" : "") + (double.IsNaN(x) ? "nan" : "inf");
        }

        // C rounds a tie (d.ddddd5) to the even digit, .NET away from zero.
        var exact = x.ToString("e20", CultureInfo.InvariantCulture).TrimStart('-');
        if (exact[7] == '5' && exact[6] % 2 == 0 && exact.AsSpan(8, 14).Trim('0').IsEmpty)
        {
            x = x > 0 ? Math.BitDecrement(x) : Math.BitIncrement(x);
        }

        // d.ddddde+xx: the exponent decides about the notation, then trailing zeros go.
        var text = x.ToString("e5", CultureInfo.InvariantCulture);
        var e = text.IndexOf('e');
        var exponent = int.Parse(
            text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        if (exponent is >= -4 and < 6)
        {
            return Trimmed(x.ToString("F" + (5 - exponent), CultureInfo.InvariantCulture));
        }

        var sign = exponent < 0 ? '-' : '+';
        return $"{Trimmed(text[..e])}e{sign}{Math.Abs(exponent):00}";
    }

    private static string Trimmed(string digits) =>
        digits.Contains('.') ? digits.TrimEnd('0').TrimEnd('.') : digits;
}
