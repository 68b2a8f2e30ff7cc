// The mark: a crested myna's head. While an answer is being written its beak moves (styles.css, .mark-speaking).

interface MynaMarkProps {
  className?: string;
  isSpeaking?: boolean;
}

/** Decorative: the name stands beside it or in a label. */
export function MynaMark({ className, isSpeaking = false }: MynaMarkProps) {
  return (
    <svg
      viewBox="0 0 32 32"
      className={`mark ${isSpeaking ? "mark-speaking" : ""} ${className ?? ""}`}
      aria-hidden="true"
      focusable="false"
    >
      <path
        className="mark-head"
        d="M4.5 30c-.6-5.6.4-11.300 3.100-15.600 1.900-3 4.500-5.100 7.400-5.900-.3-2.900.9-5.300 3.400-7 .1 1.500.6 2.500 1.500 3.200.4-.8 1.100-1.400 2.100-1.900.1 2.300.6 4 1.700 5.500 1.500 1.700 2.300 3.800 2.300 6.100 0 7.600-5.200 13.300-12.300 15.600Z"
      />
      <path className="mark-upper" d="M25.200 11.600c3 .6 5.200 2 6.600 4.100-2.300.5-4.500.7-6.500.5Z" />
      <path className="mark-lower" d="M25.300 17c1.700.2 3.400.1 5-.1-1.200 1.700-3.100 2.700-5.700 2.900Z" />
      <path
        className="mark-wattle"
        d="M17.400 16.800c-1.400 1.500-3.500 1.900-5.600.8 1.600-1.200 3.500-1.500 5.600-.8Z"
      />
      <circle className="mark-eye" cx="19.700" cy="13.600" r="2" />
      <circle className="mark-pupil" cx="20" cy="13.600" r="1" />
    </svg>
  );
}
