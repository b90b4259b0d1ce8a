using BloodPlatform.Drives.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Drives.Tests.Rules;

/// <summary>What people write below each other in a WeChat group, and what is a claim code.</summary>
public sealed class RosterTests
{
    private static string Show(RosterLine l) => l.Unreadable ?? $"{l.Name}|{l.MemberNumber}|{l.Group}|{l.Phone}";

    [Theory]
    [InlineData("1. 张三 2班 13800000000", "张三||2班|13800000000")]
    [InlineData("2、李四", "李四|||")]
    [InlineData("3）王五五，计科3班，１３９００００１１１１", "王五五||计科3班|13900001111")]
    [InlineData("4) 赵六(2班)", "赵六||2班|")]
    [InlineData("１２． 欧阳娜娜　软件2301", "欧阳娜娜||软件2301|")]
    [InlineData("5 孙七🩸✌️", "孙七|||")]
    [InlineData("6周八 138-0000-0000", "周八|||138-0000-0000")]
    [InlineData("7️⃣ 吴九 +86 138 0000 0001", "吴九|||138 0000 0001")]
    [InlineData("⑧郑十", "郑十|||")]
    [InlineData("9.13800000002 冯十一", "冯十一|||13800000002")]
    [InlineData("10. 2班 陈十二", "陈十二||2班|")]
    [InlineData("11. 张三2班", "张三||2班|")]
    [InlineData("12. 王科 人事科", "王科||人事科|")]
    [InlineData("13. 阿依古丽·买买提 20261234", "阿依古丽·买买提|20261234||")]
    [InlineData("14. Anna Lee 3班", "Anna Lee||3班|")]
    [InlineData("15. 姓名：褚十三 电话：13800000003 班级：4班", "褚十三||4班|13800000003")]
    [InlineData("16. 卫十四 O型 感冒刚好 想献400", "卫十四|||")]
    [InlineData("(17)蒋十五", "蒋十五|||")]
    [InlineData("18. +1", "name_missing")]
    [InlineData("19. 13800000004", "name_missing")]
    [InlineData("20. 沈十六 44070320060101123X", "identity_number_unwanted")]
    [InlineData("韩十七 5班", "韩十七||5班|")]
    public void A_line_of_a_pasted_list_gives_name_class_and_telephone_and_nothing_else(string line, string expected) =>
        Assert.Equal(expected, Show(Assert.Single(Roster.FromPaste("#接龙\n献血报名\n1. 占位\n" + line).Skip(1))));

    [Fact]
    public void Titles_the_example_and_empty_numbers_are_nobody_and_a_forgotten_number_is_somebody()
    {
        var lines = Roster.FromPaste("#接龙\r\n11月25日 无偿献血\n8.25 体育馆集合\n2班的同学请报名\n例 张三 2班 138\n\n1. 张三\n李四\n\n2. \n3、王五\n");
        Assert.Equal(["张三", "李四", "王五"], lines.Select(l => l.Name));
        Assert.Equal(["张三", "李四"], Roster.FromPaste("张三\n李四").Select(l => l.Name));
        Assert.Empty(Roster.FromPaste("#接龙\n\n"));
        Assert.Equal("too_long", Assert.Single(Roster.FromPaste(new string('张', 300))).Unreadable);
    }

    [Fact]
    public void Rows_are_judged_one_by_one_and_of_two_that_mean_one_person_the_first_counts()
    {
        RosterLine[] lines =
        [
            new("张三", "A1", "2班", "138 0000 0000", "2026-03-05T09:00:00+08:00"), new(" 张三 ", "Ａ1"), new("张三", null, "2班"), new("张三", null, "2班"), new("张三", null, "3班"), new("李四", null, null, "13800000001"), new("李四", null, "x", "138-0000-0001"),
            new(null), new("44070320060101123X"), new("张三", "44070320060101123X"), new("<b>"), new("张三", "a b"), new("王五", null, null, "call me"), new("王五", null, null, null, "tomorrow"), new("王五", null, null, null, "2026-03-05T09:00:00"), new("王五", null, new string('班', 41)),
        ];
        Assert.Equal(
            ["accepted", "duplicate_row", "accepted", "duplicate_row", "accepted", "accepted", "duplicate_row", "name_missing", "identity_number_unwanted", "identity_number_unwanted", "name_invalid", "member_number_invalid", "phone_invalid", "slot_invalid", "slot_invalid", "group_invalid"],
            Roster.Judge(lines).Select(r => r.Code ?? r.Status));
        Assert.Equal(("张三", "A1", "2班", "13800000000"), Roster.Judge(lines)[0].Member is var m && m is not null ? (m.Name, m.MemberNumber, m.Group, m.Phone) : default);
    }

    /// <summary>Whatever is pasted: no exception, no more entries than lines, and never a digit of what was not recognised in a name.</summary>
    [Fact]
    public void Anything_can_be_pasted()
    {
        var pieces = Gen.OneOf(ArbMap.Default.GeneratorFor<char>().Select(c => c.ToString()), Gen.Elements("张三", "1. ", "\n", " ", "班", "13800000000", "44070320060101123X", "🩸", "（", "#接龙", "，", "①", "7️⃣", "\uD83C"));
        Prop.ForAll(pieces.ArrayOf().Select(string.Concat).ToArbitrary(), text =>
        {
            var lines = Roster.FromPaste(text);
            var rows = Roster.Judge(lines);
            return lines.Count <= text.Count(c => c is '\n' or '\r' or '\u2028' or '\u2029') + 1 && rows.Count == lines.Count
                && rows.All(r => (r.Status == "accepted") == (r.Code is null) && (r.Member is null || !r.Member.Name.Any(char.IsDigit)));
        }).QuickCheckThrowOnFailure();
    }

    /// <summary>However a list is numbered and decorated, the same people come out.</summary>
    [Fact]
    public void A_lists_form_does_not_change_who_is_on_it()
    {
        var people = Gen.Choose(0, 899).Select(n => $"测{(char)('一' + n % 30)}{(char)('甲' + n / 30)}");
        var forms = Gen.Elements("{0}. {1}", "{0}、{1}", "{0}）{1}", "{0}． {1}", "{0} {1}", "{0}{1}", "（{0}）{1}", "{0}.🩸{1}👍", "{0}. {1}　13800000000", "{0}, {1}");
        Prop.ForAll(Gen.Zip(people, forms).ArrayOf().Where(l => l.Length is > 0 and < 40).ToArbitrary(), list =>
        {
            var text = "#接龙\n\n" + string.Join('\n', list.Select((l, i) => string.Format(null, l.Item2, i + 1, l.Item1)));
            return Roster.FromPaste(text).Select(l => l.Name).SequenceEqual(list.Select(l => l.Item1));
        }).QuickCheckThrowOnFailure();
    }

    private static readonly Gen<string> Code = Gen.Elements(ClaimCodes.Alphabet.ToCharArray()).ArrayOf(ClaimCodes.Random).Select(c => ClaimCodes.Of(new string(c)));

    [Fact]
    public void A_code_is_read_as_people_type_it_and_one_wrong_character_is_found() =>
        Prop.ForAll(Code.ToArbitrary(), Gen.Choose(0, 17).ToArbitrary(), Gen.Choose(1, 31).ToArbitrary(), (code, at, by) =>
        {
            var plain = code.Replace("-", "", StringComparison.Ordinal);
            var wrong = plain.ToCharArray();
            wrong[at] = ClaimCodes.Alphabet[(ClaimCodes.Alphabet.IndexOf(wrong[at], StringComparison.Ordinal) + by) % 32];
            return ClaimCodes.Read(code) == plain && ClaimCodes.Read(code.ToLowerInvariant().Replace('-', ' ').Replace('0', 'o').Replace('1', 'l')) == plain
                && ClaimCodes.Read(new string(wrong)) is null && ClaimCodes.Read(plain[..^1]) is null && ClaimCodes.Read(plain + "0") is null && ClaimCodes.Read(plain[..^1] + "张") is null;
        }).QuickCheckThrowOnFailure();
}
