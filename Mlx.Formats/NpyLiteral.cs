using System.Text;

namespace Mlx.Formats;

/// <summary>
/// The text in a .npy header,
/// <c>{'descr': '&lt;f4', 'fortran_order': False, 'shape': (3, 4), }</c>: keys in any order, each
/// once. Only literals of this form are understood, nothing is evaluated.
/// </summary>
internal ref struct NpyLiteral
{
    private readonly ReadOnlySpan<byte> text;
    private int at;

    private NpyLiteral(ReadOnlySpan<byte> text) => this.text = text;

    public static NpyHeader Parse(ReadOnlySpan<byte> text) => new NpyLiteral(text).Dict();

    /// <summary>NumPy's name of an element type. It has none for bfloat16; MLX writes raw bytes.
    /// </summary>
    public static string Descr(ElementType type) => type switch
    {
        ElementType.Bool => "|b1",
        ElementType.UInt8 => "|u1",
        ElementType.UInt16 => "<u2",
        ElementType.UInt32 => "<u4",
        ElementType.UInt64 => "<u8",
        ElementType.Int8 => "|i1",
        ElementType.Int16 => "<i2",
        ElementType.Int32 => "<i4",
        ElementType.Int64 => "<i8",
        ElementType.Float16 => "<f2",
        ElementType.Float32 => "<f4",
        ElementType.Float64 => "<f8",
        ElementType.BFloat16 => "<V2",
        _ => "<c8",
    };

    private NpyHeader Dict()
    {
        string? descr = null;
        bool? isFortran = null;
        int[]? shape = null;
        Take('{');
        while (!TryTake('}'))
        {
            var key = String();
            Take(':');
            switch (key)
            {
                case "descr" when descr is null: descr = String(); break;
                case "fortran_order" when isFortran is null: isFortran = Bool(); break;
                case "shape" when shape is null: shape = Tuple(); break;
                default: throw Wrong($"the key '{key}' is unknown or comes twice");
            }

            if (!TryTake(','))
            {
                Take('}');
                break;
            }
        }

        SkipSpace();
        if (at < text.Length)
        {
            throw Wrong("there is something behind the dict");
        }

        if (descr is null || isFortran is null || shape is null)
        {
            throw Wrong("descr, fortran_order or shape is missing");
        }

        var (type, isSwapped) = TypeOf(descr);
        return new NpyHeader(type, isSwapped, isFortran.Value, shape);
    }

    private static (ElementType Type, bool IsSwapped) TypeOf(string descr)
    {
        var hasOrder = descr is ['<' or '>' or '=' or '|', ..];
        var name = hasOrder ? descr.AsSpan(1) : descr;
        foreach (var type in Enum.GetValues<ElementType>())
        {
            if (name.SequenceEqual(Descr(type).AsSpan(1)))
            {
                return (type, descr[0] == '>' && type.Size() > 1);
            }
        }

        throw Wrong($"it has elements of the type '{descr}', which no array can hold");
    }

    private int[] Tuple()
    {
        var lengths = new List<int>();
        Take('(');
        while (!TryTake(')'))
        {
            lengths.Add(Length());
            if (!TryTake(','))
            {
                Take(')');
                return lengths.Count > 1
                    ? [.. lengths]
                    : throw Wrong("the shape is a number, not a tuple");
            }
        }

        return [.. lengths];
    }

    private int Length()
    {
        SkipSpace();
        var start = at;
        long value = 0;
        for (; at < text.Length && char.IsAsciiDigit((char)text[at]); at++)
        {
            value = (value * 10) + text[at] - '0';
            if (value > int.MaxValue)
            {
                throw Wrong("the shape has a length beyond 2^31 - 1");
            }
        }

        if (at == start)
        {
            throw Wrong($"a length was expected at byte {at}");
        }

        // Python 2 wrote its long integers so.
        TryTake('L');
        return (int)value;
    }

    private bool Bool()
    {
        SkipSpace();
        var rest = text[at..];
        var value = rest.StartsWith("True"u8);
        if (!value && !rest.StartsWith("False"u8))
        {
            throw Wrong($"True or False was expected at byte {at}");
        }

        at += value ? 4 : 5;
        return value;
    }

    private string String()
    {
        SkipSpace();
        if (at == text.Length || text[at] is not ((byte)'\'' or (byte)'"'))
        {
            throw Wrong($"a string was expected at byte {at}");
        }

        var rest = text[(at + 1)..];
        var length = rest.IndexOf(text[at]);
        if (length < 0 || rest[..length].ContainsAnyExceptInRange((byte)0x20, (byte)0x7E)
            || rest[..length].Contains((byte)'\\'))
        {
            throw Wrong($"the string at byte {at} does not end, or is no plain text");
        }

        at += length + 2;
        return Encoding.ASCII.GetString(rest[..length]);
    }

    private void Take(char c)
    {
        if (!TryTake(c))
        {
            throw Wrong($"'{c}' was expected at byte {at}");
        }
    }

    private bool TryTake(char c)
    {
        SkipSpace();
        if (at == text.Length || text[at] != c)
        {
            return false;
        }

        at++;
        return true;
    }

    private void SkipSpace()
    {
        while (at < text.Length && text[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            at++;
        }
    }

    private static FileFaultException Wrong(string reason) => new($"the header is wrong: {reason}");
}
