using Mlx.Cpu.Graph;

namespace Mlx.Cpu.IO;

/// <summary>
/// {'descr': '&lt;f4', 'fortran_order': False, 'shape': (3, 4), } : keys in any order, each once.
/// Only this shape of literal is understood; anything else is an error.
/// </summary>
internal sealed class NpyHeader
{
    public Dtype Dtype { get; private init; }

    public bool BigEndian { get; private init; }

    public bool Fortran { get; private init; }

    public int[] Shape { get; private init; } = [];

    public static string Descr(Dtype dtype) => dtype switch
    {
        Dtype.Bool => "|b1",
        Dtype.UInt8 => "|u1",
        Dtype.Int8 => "|i1",
        Dtype.BFloat16 => "<V2",
        Dtype.Complex64 => "<c8",
        _ => (dtype.Kind() switch
        {
            DtypeKind.Unsigned => "<u",
            DtypeKind.Signed => "<i",
            _ => "<f",
        }) + dtype.Size(),
    };

    public static NpyHeader Parse(ReadOnlySpan<byte> text, string label)
    {
        try
        {
            return new Reader(text).Header();
        }
        catch (FormatException e)
        {
            throw new InvalidDataException($"[load] Invalid header in {label}: {e.Message}", e);
        }
    }

    private ref struct Reader(ReadOnlySpan<byte> text)
    {
        private readonly ReadOnlySpan<byte> text = text;
        private int at;

        public NpyHeader Header()
        {
            string? descr = null;
            bool? fortran = null;
            int[]? shape = null;
            Expect('{');
            while (!Is('}'))
            {
                var key = Text();
                Expect(':');
                switch (key)
                {
                    case "descr" when descr is null: descr = Text(); break;
                    case "fortran_order" when fortran is null: fortran = Truth(); break;
                    case "shape" when shape is null: shape = Tuple(); break;
                    default: throw new FormatException($"the key '{key}' is unknown or repeated.");
                }

                if (!Is(','))
                {
                    Expect('}');
                    break;
                }
            }

            if (Peek() != '\0' || at < text.Length)
            {
                throw new FormatException("there is something behind the dictionary.");
            }

            if (descr is null || fortran is null || shape is null)
            {
                throw new FormatException("descr, fortran_order or shape is missing.");
            }

            return new NpyHeader
            {
                Dtype = Type(descr),
                BigEndian = descr[0] == '>',
                Fortran = fortran.Value,
                Shape = shape,
            };
        }

        private static Dtype Type(string descr)
        {
            if (descr.Length == 3 && descr[0] is '<' or '>' or '=' or '|')
            {
                foreach (var d in Enum.GetValues<Dtype>())
                {
                    if (descr.AsSpan(1).SequenceEqual(Descr(d).AsSpan(1)))
                    {
                        return d;
                    }
                }
            }

            throw new FormatException($"unsupported element type '{descr}'.");
        }

        private char Peek()
        {
            while (at < text.Length && text[at] is (byte)' ' or (byte)'\n' or (byte)'\t' or (byte)'\r')
            {
                at++;
            }

            return at < text.Length ? (char)text[at] : '\0';
        }

        private bool Is(char c)
        {
            if (Peek() != c || at == text.Length)
            {
                return false;
            }

            at++;
            return true;
        }

        private void Expect(char c)
        {
            if (!Is(c))
            {
                throw new FormatException($"'{c}' was expected at byte {at}.");
            }
        }

        private string Text()
        {
            var quote = Peek();
            if (quote is not ('\'' or '"'))
            {
                throw new FormatException($"a text was expected at byte {at}.");
            }

            var start = ++at;
            while (at < text.Length && text[at] != quote)
            {
                if (text[at] is < 0x20 or > 0x7E or (byte)'\\')
                {
                    throw new FormatException($"a strange character stands at byte {at}.");
                }

                at++;
            }

            if (at == text.Length)
            {
                throw new FormatException("a text does not end.");
            }

            return System.Text.Encoding.ASCII.GetString(text[start..at++]);
        }

        private bool Truth()
        {
            Peek();
            foreach (var value in new[] { true, false })
            {
                var word = value ? "True"u8 : "False"u8;
                if (text[at..].StartsWith(word))
                {
                    at += word.Length;
                    return value;
                }
            }

            throw new FormatException($"True or False was expected at byte {at}.");
        }

        private int[] Tuple()
        {
            var items = new List<int>();
            Expect('(');
            while (!Is(')'))
            {
                items.Add(Number());
                if (!Is(','))
                {
                    Expect(')');
                    return items.Count > 1 ? [.. items]
                        : throw new FormatException("the shape is a number, not a tuple.");
                }
            }

            return [.. items];
        }

        private int Number()
        {
            Peek();
            var start = at;
            long value = 0;
            while (at < text.Length && char.IsAsciiDigit((char)text[at]))
            {
                value = value * 10 + text[at++] - '0';
                if (value > int.MaxValue)
                {
                    throw new FormatException("a dimension is too large.");
                }
            }

            return at > start ? (int)value
                : throw new FormatException($"a dimension was expected at byte {at}.");
        }
    }
}
