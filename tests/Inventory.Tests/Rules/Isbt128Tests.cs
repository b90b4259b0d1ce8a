using System.Globalization;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Inventory.Tests.Rules;

/// <summary>Published examples: ST-001 v6.2.2, ST-012, ST-017 (domain rules 4.2 and 4.3).</summary>
public sealed class Isbt128Tests
{
    [Theory]
    [InlineData("=G12341765432170", "001 G123417654321 70")]
    [InlineData("=A99992212345900", "001 A999922123459 00")]
    [InlineData("=A99992212345907", "001 A999922123459 07")] // on a test tube
    [InlineData("=%6200", "002 A+")]
    [InlineData("=%9500", "002 O-")]
    [InlineData("=%51A0", "002 O+")] // with a phenotype
    [InlineData("=%5500", "002 O")]
    [InlineData("=%Mq00", "002 quarantine")]
    [InlineData("=<E1234V00", "003 E1234 V 00")]
    [InlineData("=<E4306VA0", "003 E4306 V A0")]
    [InlineData("=<D0002VAa", "003 D0002 V Aa")]
    [InlineData("=>019031", "004 2019-01-31T23:59:00+08:00")]
    [InlineData("&>0183652359", "005 2018-12-31T23:59:00+08:00")]
    [InlineData("&>0260952359", "005 2026-04-05T23:59:00+08:00")]
    [InlineData("=>024366", "004 2024-12-31T23:59:00+08:00")]
    public void A_published_text_says_what_the_standard_prints(string text, string says)
    {
        var read = Isbt128.Read(text)!;
        Assert.Equal(says, string.Join(' ', new[] { read.Structure, read.Din?.Text, read.Flags, read.BloodGroup, read.Special, read.ProductCode, read.CollectionType, read.Division, read.ExpiresAt is { } at ? Shanghai.Local(at).ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture) : null }.OfType<string>()));
    }

    [Theory]
    [InlineData("=\\620000")] // the standard's own warning: not a group
    [InlineData("=%620000")]
    [InlineData("=%62")]
    [InlineData("=%6201")]
    [InlineData("=%9900")] // no such group
    [InlineData("%6200")]
    [InlineData("A999922123459")] // typed, not scanned
    [InlineData("=A9999221234590")]
    [InlineData("=A99992212345960")] // its flags are not its checksum
    [InlineData("=<E1234V0")]
    [InlineData("=<e1234V00")]
    [InlineData("=>019366")] // 2019 has no such day
    [InlineData("=>019000")]
    [InlineData("=>219031")]
    [InlineData("&>0183652400")]
    [InlineData("&>0183652360")]
    [InlineData("&>018365")]
    [InlineData("=>01903１")] // a full-width digit
    [InlineData("=;A9999123456")] // of a donor: out of scope
    [InlineData("")]
    public void What_is_not_exactly_a_structure_is_not_read(string text) => Assert.Null(Isbt128.Read(text));

    [Fact]
    public void A_moment_that_is_written_by_the_standard_is_read_back_and_one_character_more_or_less_is_nothing() =>
        Prop.ForAll(Gen.Choose(0, 52_000_000).ToArbitrary(), minutes =>
        {
            var at = Shanghai.StartOf(new DateOnly(2000, 1, 1)).AddMinutes(minutes); // to the end of 2098
            var local = Shanghai.Local(at);
            var text = string.Create(CultureInfo.InvariantCulture, $"&>0{local:yy}{local.DayOfYear:000}{local:HHmm}");
            return Isbt128.Read(text) is { Structure: "005", ExpiresAt: { } read } && read == at && Isbt128.Read(text + "0") is null && Isbt128.Read(text[..^1]) is null
                && Isbt128.Read("=>" + text[2..8]) is { Structure: "004", ExpiresAt: { } day } && Shanghai.DateOf(day) == Shanghai.DateOf(at);
        }).QuickCheckThrowOnFailure();
}
