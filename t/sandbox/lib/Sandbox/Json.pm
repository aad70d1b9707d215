package Sandbox::Json;

# JSON as the provider writes it: members in a chosen order (signatures cover
# bytes, so tests need to vary the order), no white space, slashes as they are.

use Mojo::Base -strict, -signatures;

use B          ();
use Exporter   qw(import);
use Mojo::JSON qw(decode_json);
use Mojo::Util qw(encode);

our @EXPORT_OK = qw(is_boolean is_string json_bytes json_parse object);

my %ESCAPE = (
    "\b" => '\b', "\f" => '\f', "\n" => '\n', "\r" => '\r', "\t" => '\t',
    '"'  => '\"', '\\' => '\\\\',
);

sub object (@pairs) { return Sandbox::Json::Object->new(@pairs) }

sub json_bytes ($value) { return encode 'UTF-8', _text($value) }

# Returns (value, undef) or (undef, error).
sub json_parse ($bytes) {
    my @lifted;

    # A regular expression engine needs many seconds for a 24 MB string: long
    # base64 strings are taken out first and put back after parsing.
    my $mark = "lifted-$$-";
    if (length $bytes > 65_536) {
        $bytes =~ s{
            (?<!\\) " ( (?: data:[a-z0-9/+.\-]+;base64, )?+
                        [A-Za-z0-9+/]{4096,}+ ={0,2}+ ) "
        }{ push @lifted, $1; qq("$mark$#lifted") }gex;
    }

    my $value = eval { decode_json($bytes) };
    return (undef, $@ =~ s/ at \S+ line \d+\.?\s*\z//r) if $@;

    _restore(\$value, $mark, \@lifted) if @lifted;
    return ($value, undef);
}

# The provider tells 17 from "17" (code 1501), so Perl's own view is not enough.
sub is_string ($value) {
    return 0 if ref $value || !defined $value;
    my $flags = B::svref_2object(\$value)->FLAGS;
    return $flags & B::SVp_POK && !($flags & (B::SVp_IOK | B::SVp_NOK)) ? 1 : 0;
}

sub is_boolean ($value) { return ref $value eq 'JSON::PP::Boolean' }

sub _restore ($ref, $mark, $lifted) {
    if (ref $$ref eq 'HASH') {
        _restore(\$_, $mark, $lifted) for values %$$ref;
    }
    elsif (ref $$ref eq 'ARRAY') {
        _restore(\$_, $mark, $lifted) for @$$ref;
    }
    elsif (defined $$ref && !ref $$ref && $$ref =~ /\A\Q$mark\E(\d+)\z/) {
        $$ref = $lifted->[$1];
    }
}

sub _text ($value) {
    return 'null' unless defined $value;

    if (my $type = ref $value) {
        if ($type eq 'Sandbox::Json::Object') {
            return '{' . join(',', map { _pair(@$_) } $value->pairs) . '}';
        }
        if ($type eq 'HASH') {
            return '{' . join(',', map { _pair($_, $value->{$_}) } sort keys %$value) . '}';
        }
        return '[' . join(',', map { _text($_) } @$value) . ']' if $type eq 'ARRAY';
        return $value ? 'true' : 'false' if is_boolean($value);
        return $$value ? 'true' : 'false' if $type eq 'SCALAR';
        die "no JSON for a $type\n";
    }

    return is_string($value) ? _quote($value) : 0 + $value;
}

sub _pair ($name, $value) { return _quote($name) . ':' . _text($value) }

sub _quote ($text) {
    $text =~ s{(["\\\x00-\x1f])}{$ESCAPE{$1} // sprintf '\u%04x', ord $1}ge;
    return qq("$text");
}

package Sandbox::Json::Object;

use Mojo::Base -strict, -signatures;

sub new ($class, @flat) {
    my @pairs;
    while (my ($name, $value) = splice @flat, 0, 2) { push @pairs, [$name, $value] }
    return bless \@pairs, $class;
}

sub pairs ($self) { return @$self }

sub get ($self, $name) {
    for my $pair (@$self) { return $pair->[1] if $pair->[0] eq $name }
    return undef;
}

sub has_member ($self, $name) { return scalar grep { $_->[0] eq $name } @$self }

sub set ($self, $name, $value) {
    for my $pair (@$self) {
        next if $pair->[0] ne $name;
        $pair->[1] = $value;
        return $self;
    }
    push @$self, [$name, $value];
    return $self;
}

sub turn_around ($self) { @$self = reverse @$self; return $self }

1;
